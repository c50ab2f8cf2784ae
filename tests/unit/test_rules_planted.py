"""Two hundred defects planted in random tables are all found and shown; sound tables have no flaw."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from rule_tables import INPUTS, LAST_DAY, ROUTES, Box, Row, beside, excepted, halved, partition, text_of

from rules import Decision, Escalation, Table, decide, parse_table
from rules.layers import LayeredTable
from rules.overlay_parsing import parse_overlay
from rules.verify import Flaw, check_layers

TODAY = LAST_DAY - timedelta(days=20)
OVERLAY = """\
overlays: random
id: here
version: 1
owner: Nobody
title: Otherwise
effective: {from: 2026-01-01}
context: {region: HERE}
rules:
"""


@dataclass(frozen=True)
class Draft:
    """A sound table in the making: rows of which one fits any facts, and exceptions from some of them."""

    hit: str
    names: tuple[str, ...]
    exceptions: Sequence[Row]
    rows: Sequence[Row]
    overlay: Sequence[Row] = ()
    until: date | None = None

    def layers(self) -> LayeredTable:
        rows = [*self.exceptions, *self.rows]
        base = parse_table(text_of(self.hit, self.names, rows, until=self.until), "rules/random.yaml")
        text = OVERLAY + "".join(row.text(self.hit) for row in self.overlay)
        return LayeredTable(base, [parse_overlay(text, base, "overlay.yaml")] if self.overlay else [])

    def untouched(self, random: Random) -> tuple[int, Row]:
        """A row without exceptions that has two halves, and its number."""
        excepted = {row.id.removeprefix("X") for row in self.exceptions}
        free = [(n, row) for n, row in enumerate(self.rows) if row.id not in excepted]
        return random.choice([(n, row) for n, row in free if halved(random, row.box)])


def draft(random: Random, *hits: str) -> Draft:
    names = tuple(random.sample(list(INPUTS), random.randint(3, 7)))
    hit = random.choice(hits or ("priority", "first", "unique", "any", "collect"))
    rows = partition(random, names, random.randint(6, 30))
    return Draft(hit, names, excepted(random, rows) if hit in ("priority", "first") else [], rows)


Defect = tuple[Draft, str, set[str]]  # a table with a defect, of which kind, and the rows at fault


def gap(random: Random) -> Defect:
    sound = draft(random)
    at, _ = sound.untouched(random)
    return replace(sound, rows=[*sound.rows[:at], *sound.rows[at + 1 :]]), "gap", set()


def contradiction(random: Random) -> Defect:
    sound = draft(random, "priority", "unique", "any")
    _, row = sound.untouched(random)
    other = beside(random, row, "NEW", box=part_of(random, row), priority=row.priority)
    return replace(sound, rows=shuffled(random, [*sound.rows, other])), "contradiction", {"NEW", row.id}


def unreachable(random: Random) -> Defect:
    sound = draft(random, "priority", "first")
    _, row = sound.untouched(random)
    other = beside(random, row, "NEW", box=part_of(random, row), priority=0)
    return replace(sound, rows=[*sound.rows, other]), "unreachable", {"NEW", row.id}


def redundant(random: Random) -> Defect:
    sound = draft(random, "priority", "first", "any")
    _, row = sound.untouched(random)
    other = replace(row, id="NEW", box=part_of(random, row), priority=3)
    return replace(sound, rows=[other, *sound.rows]), "redundant", {"NEW", row.id}


def overlay_conflict(random: Random) -> Defect:
    sound = draft(random, "priority", "unique", "any")
    row = sound.rows[0]
    one = beside(random, row, "ONE", box=row.box, priority=1)
    other = beside(
        random, one, "OTHER", box=part_of(random, row) if halved(random, row.box) else row.box, priority=1
    )
    return replace(sound, overlay=shuffled(random, [one, other])), "contradiction", {"ONE", "OTHER"}


def expiring(random: Random) -> Defect:
    return replace(draft(random), until=LAST_DAY), "expiring", set()


def part_of(random: Random, row: Row) -> Box:
    halves = halved(random, row.box)
    assert halves
    return random.choice(halves)


def shuffled(random: Random, rows: Sequence[Row]) -> list[Row]:
    return random.sample(rows, len(rows))


PLANTS: list[Callable[[Random], Defect]] = [
    gap,
    contradiction,
    unreachable,
    redundant,
    overlay_conflict,
    expiring,
]


def test_each_of_200_planted_defects_is_found_and_nothing_else_and_is_shown_by_a_case() -> None:
    missed, wrong = [], []
    for seed in range(200):
        planted, kind, rows = PLANTS[seed % len(PLANTS)](Random(seed))
        layers = planted.layers()

        flaws = check_layers(layers, on=TODAY, within=timedelta(days=30))

        found = [flaw for flaw in flaws if flaw.kind == kind and rows <= set(flaw.rules) and flaw.proved]
        if len(found) != 1 or {flaw.kind for flaw in flaws} - {"loosened"} != {kind}:
            missed.append((seed, kind, rows, list(map(str, flaws))))
        wrong += [(seed, str(flaw)) for flaw in flaws if not is_shown(layers, flaw)]
    assert missed == []
    assert wrong == []


def test_none_of_200_sound_tables_has_a_flaw() -> None:
    seen: Counter[str] = Counter()
    for seed in range(200):
        sound = draft(Random(1000 + seed))

        flaws = check_layers(sound.layers(), on=TODAY, within=timedelta(days=30))

        assert list(map(str, flaws)) == [], seed
        seen[sound.hit] += len(sound.rows) + len(sound.exceptions)
    assert min(seen.values()) > 300


def is_shown(layers: LayeredTable, flaw: Flaw) -> bool:
    """Whether the table's own answer to the witness is what the flaw says."""
    table = layers.table_with(flaw.overlays)
    match flaw.kind:
        case "gap" | "expiring":
            return said(table, flaw) == {"gap": "no_rule", "expiring": "not_in_force"}[flaw.kind]
        case "contradiction":
            return said(table, flaw) == "conflict" and set(rules_of(table, flaw)) == set(flaw.rules)
        case "unreachable":
            return rules_of(table, flaw) == [flaw.rules[1]]
        case "redundant":
            rest = replace(table, rules=tuple(rule for rule in table.rules if rule.id != flaw.rules[0]))
            return rules_of(table, flaw)[0] in flaw.rules and said(table, flaw) == said(rest, flaw)
    return ROUTES.index(said(table, flaw)) < ROUTES.index(said(layers.base, flaw))


def answer(table: Table, flaw: Flaw) -> Decision | Escalation:
    assert flaw.witness
    return decide(table, flaw.witness.facts, as_of=flaw.witness.as_of)


def said(table: Table, flaw: Flaw) -> str:
    """The route, or the kind of the escalation."""
    said = answer(table, flaw)
    return str(said.outcome["route"]) if isinstance(said, Decision) else said.kind


def rules_of(table: Table, flaw: Flaw) -> list[str]:
    return list(answer(table, flaw).rules)
