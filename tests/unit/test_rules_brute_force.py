"""On every cell of the space of 500 random tables: the answer, and what verification says of the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product
from math import prod
from random import Random

from rule_tables import INPUTS, ROUTES, Box, Row, halved, text_of

from rules import Decision, Rule, Table, decide, parse_table
from rules.table import Values
from rules.verify import Flaw, check_table

DAY = date(2026, 6, 1)
HITS = ("priority", "first", "unique", "any", "collect")
MOST_CELLS = 800


def any_table(random: Random) -> Table:
    """A table of rows that overlap as they like, small enough to look at every cell of its space."""
    while True:
        names = random.sample(list(INPUTS), random.randint(2, 4))
        rows = [any_row(random, f"R{n}", names) for n in range(random.randint(1, 6))]
        table = parse_table(text_of(random.choice(HITS), names, rows))
        if prod(column.possible.bit_count() for column in table.grid.columns.values()) <= MOST_CELLS:
            return table


def any_row(random: Random, name: str, names: Sequence[str]) -> Row:
    box: Box = {name: INPUTS[name][1] for name in names}
    for _ in range(random.randint(0, 4)):
        if halves := halved(random, box):
            box = random.choice(halves)
    return Row(name, box, random.choice(ROUTES[:2]), f"Reason {random.randint(0, 1)}", random.randint(0, 2))


def cells(table: Table) -> Iterator[Values]:
    """A value for each combination of the columns' atoms."""
    columns = table.grid.columns
    for atoms in product(*(range(column.cut.missing + 1) for column in columns.values())):
        if all(column.possible >> atom & 1 for column, atom in zip(columns.values(), atoms, strict=True)):
            yield {
                name: None if atom == column.cut.missing else column.cut.sample(atom)
                for (name, column), atom in zip(columns.items(), atoms, strict=True)
            }


def fitting(rules: Sequence[Rule], values: Values) -> list[Rule]:
    """Cell by cell, without masks."""
    return [rule for rule in rules if all(one.cell.holds(values[one.input]) for one in rule.conditions)]


def with_the_say(hit: str, fit: Sequence[Rule]) -> Sequence[Rule]:
    if hit == "first":
        return fit[:1]
    if hit == "priority":
        return [rule for rule in fit if rule.priority == max(one.priority for one in fit)]
    return fit


def expected(table: Table, rules: Sequence[Rule], values: Values) -> object:
    """What these rules of the table say, as the documentation has it."""
    best = with_the_say(table.hit, fitting(rules, values))
    if not best:
        return "no_rule"
    said = [str(rule.outcome["route"]) for rule in best]
    if table.hit == "collect":
        return said
    return "conflict" if len(best) > 1 and (table.hit == "unique" or len(set(said)) > 1) else said[0]


def answered(table: Table, values: Values) -> object:
    facts = {
        name: None if value is None else table.inputs[name].type.plain(value)
        for name, value in values.items()
    }
    answer = decide(table, facts, as_of=DAY)
    return answer.outcome["route"] if isinstance(answer, Decision) else answer.kind


def test_every_cell_of_500_random_tables_is_answered_as_by_brute_force() -> None:
    wrong, looked_at = [], 0
    for seed in range(500):
        table = any_table(Random(seed))
        for values in cells(table):
            looked_at += 1
            if answered(table, values) != expected(table, table.rules, values):
                wrong.append((seed, values))
    assert wrong == []
    assert looked_at > 20_000


@dataclass
class Survey:
    """What brute force finds in a table."""

    table: Table
    every: list[Values]

    def gaps(self) -> bool:
        return any(not fitting(self.table.rules, values) for values in self.every)

    def contradictions(self) -> set[tuple[str, ...]]:
        return {
            tuple(rule.id for rule in pair)
            for values in self.every
            for pair in combinations(with_the_say(self.table.hit, fitting(self.table.rules, values)), 2)
            if expected(self.table, pair, values) == "conflict"
        }

    def unreachable(self) -> set[str]:
        deciding = {
            rule.id
            for values in self.every
            for rule in with_the_say(self.table.hit, fitting(self.table.rules, values))
        }
        return {rule.id for rule in self.table.rules} - deciding

    def is_needless(self, *gone: str) -> bool:
        rest = [rule for rule in self.table.rules if rule.id not in gone]
        return all(
            expected(self.table, rest, values) == expected(self.table, self.table.rules, values)
            for values in self.every
        )

    def redundant(self) -> set[str]:
        """From the last in precedence up, those that can go alone and together; not the unreachable ones."""
        gone: set[str] = set()
        unreachable = self.unreachable()
        for rule in sorted(self.table.rules, key=lambda rule: -rule.priority)[::-1]:
            if rule.id not in unreachable and self.is_needless(rule.id) and self.is_needless(*gone, rule.id):
                gone.add(rule.id)
        return gone


def told(flaws: Sequence[Flaw], kind: str, *, count: int) -> set[tuple[str, ...]]:
    return {flaw.rules[:count] for flaw in flaws if flaw.kind == kind}


def test_what_verification_says_of_500_random_tables_is_what_brute_force_finds() -> None:
    wrong, found = [], 0
    for seed in range(500):
        table = any_table(Random(seed))
        flaws = check_table(table)
        survey = Survey(table, list(cells(table)))
        found += len(flaws)
        clashes = {tuple(sorted(pair)) for pair in told(flaws, "contradiction", count=2)}
        verdicts = [
            bool(told(flaws, "gap", count=0)) == survey.gaps(),
            clashes == {tuple(sorted(pair)) for pair in survey.contradictions()},
            {name for (name,) in told(flaws, "unreachable", count=1)} == survey.unreachable(),
            bool(clashes)
            or table.hit in ("unique", "collect")
            or {name for (name,) in told(flaws, "redundant", count=1)} == survey.redundant(),
            all(flaw.proved and flaw.witness for flaw in flaws if flaw.rules or flaw.kind == "gap"),
        ]
        if not all(verdicts):
            wrong.append((seed, verdicts))
    assert wrong == []
    assert found > 500
