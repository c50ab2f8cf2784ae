"""A table as verification sees it: its rows as boxes in the order of their precedence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import groupby
from operator import or_
from typing import Any

from rules.decision import Decision
from rules.evaluation import decide
from rules.facts import Answer
from rules.grid import bits
from rules.layout import scalar_text
from rules.table import Rule, Table
from rules.verify.cases import find_case
from rules.verify.flaw import Witness
from rules.verify.space import Box, OutOfBudget, Point, Space
from rules.verify.wording import in_cells

BUDGET = 200_000  # boxes that one question may take; about five seconds


class Subject:
    """One table and its space. Rows are numbered from the one that has the say before all others.

    For each row, `above` are those that decide before it wherever both fit, `tied` those that neither do so
    nor yield to it, and `meeting` those that fit some case that it fits.
    """

    def __init__(self, table: Table, *, budget: int = BUDGET) -> None:
        self.table = table
        self.budget = budget
        self.rules = tuple(sorted(table.rules, key=partial(_level, table)))
        columns = replace(table, rules=self.rules).grid.columns
        self.names = tuple(columns)
        self.columns = tuple(columns.values())
        self.space = Space(self.columns, height=len(self.rules), budget=budget)
        self.boxes = self.space.boxes
        standings = list(_standings(table, self.rules))
        self.above = [above for above, _ in standings]
        self.tied = [tied for _, tied in standings]
        self.meeting = [self.space.meeting(box) if all(box) else 0 for box in self.boxes]

    def witness(
        self, box: Box, shows: Callable[[Answer], bool], *, point: Point | None = None
    ) -> Witness | None:
        """A case of the box whose answer shows something, on the first day of the table.

        A table that computes nothing is asked once, about the point; then None says that what should be shown
        is not so.
        """
        first = tuple(1 << number for number in point) if point else box
        day = self.table.effective_from
        facts = find_case(
            self.table,
            self._atoms(first),
            self._atoms(box),
            lambda facts: shows(decide(self.table, facts, as_of=day)),
        )
        return None if facts is None else Witness(facts, day)

    def _atoms(self, box: Box) -> dict[str, int]:
        parts = zip(self.names, self.space.axes, box, strict=True)
        return {name: axis.atoms_of(classes) for name, axis, classes in parts}

    def in_words(self, box: Box) -> str:
        """The conditions of a rule that fits just the cases of the box."""
        conditions = []
        for name, column, axis, classes in zip(self.names, self.columns, self.space.axes, box, strict=True):
            atoms = axis.atoms_of(classes)
            if atoms != column.possible:
                text = in_cells(column, atoms, self.table.inputs[name].type)
                conditions.append(f"{name}: {scalar_text(text)}")
        return f"{{{', '.join(conditions)}}}"

    def within(self, row: int, *, besides: int) -> Point | None:
        """A case that the row fits and none of these others. Raises `OutOfBudget`."""
        return self.space.find(self.boxes[row], self.meeting[row] & besides)

    def case_of(self, row: int) -> Witness | None:
        """A case that the row decides, or helps to decide; None if there is none or it takes too long."""
        try:
            point = self.within(row, besides=self.above[row])
        except OutOfBudget:
            return None
        rule = self.rules[row].id
        return self.witness(self.boxes[row], partial(_decides, rule), point=point) if point else None

    def rules_of(self, rows: int) -> list[Rule]:
        return [self.rules[row] for row in bits(rows)]


def common(one: Box, other: Box) -> Box:
    """What two boxes have in common; a part of it may be empty."""
    return tuple(a & b for a, b in zip(one, other, strict=True))


def fitting(answer: Answer) -> set[str]:
    """The rules that fit, of a case that was decided."""
    if not isinstance(answer, Decision):
        return set()
    return {*answer.rules, *(one.rule for one in answer.why_not if one.yields_to)}


def _decides(rule: str, answer: Answer) -> bool:
    return isinstance(answer, Decision) and rule in fitting(answer)


def _level(table: Table, rule: Rule) -> tuple[Any, ...]:
    if table.hit == "collect":
        return ()
    return not rule.mandatory, 0 if rule.mandatory else -rule.standing, -rule.priority


def _standings(table: Table, rules: Sequence[Rule]) -> Iterator[tuple[int, int]]:
    """For each rule the masks of those that outrank it, and of those of which none outranks the other."""
    everyone = (1 << len(rules)) - 1
    own = {rule.origin: 0 for rule in rules}  # mandatory rules, by file: those of another never outrank
    for number, rule in enumerate(rules):
        own[rule.origin] |= rule.mandatory << number
    mandatory = reduce(or_, own.values(), 0)
    start = 0
    for level in _levels(table, rules):
        higher, lower = (1 << start) - 1, everyone & -(1 << (start + len(level)))
        for number, rule in enumerate(level, start):
            above, below = higher, lower
            if rule.mandatory:
                above, below = higher & own[rule.origin], lower & (own[rule.origin] | ~mandatory)
            yield above, everyone & ~above & ~below & ~(1 << number)
        start += len(level)


def _levels(table: Table, rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """The rules that stand equal, from the highest."""
    if table.hit == "first":
        return iter([rule] for rule in rules)
    return (list(level) for _, level in groupby(rules, key=partial(_level, table)))
