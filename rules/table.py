"""A decision table as it is executed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from rules.cells import Anything, Cell
from rules.cuts import cut
from rules.grid import Column, Grid
from rules.values import Value, ValueType

Values = Mapping[str, Value | None]  # a value for each input of a table; None for a missing one
Outcome = Mapping[str, str | None]  # a word for each output of a table; None where it does not apply

HIT_POLICIES = ("priority", "unique", "first")


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a table must be told."""

    name: str
    type: ValueType
    optional: bool
    unit: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a table says: one of `values`, or any text if there are none.

    With `only_when` it is said exactly if another output has that value.
    """

    name: str
    type: str
    values: tuple[str, ...]
    only_when: tuple[str, str] | None
    label: str

    def applies(self, outcome: Outcome) -> bool:
        """Whether a rule with this outcome must say it; otherwise the rule must not."""
        return self.only_when is None or outcome.get(self.only_when[0]) == self.only_when[1]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One cell of a rule, with its text as written."""

    input: str
    cell: Cell
    text: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row: if all conditions hold, this is the outcome, and because of this.

    `origin` is the file that it stands in, and `line` its line there. Of two rows that fit, the one of higher
    `standing` has the say whatever their priorities, and a mandatory one before any that is not.
    """

    id: str
    priority: int
    conditions: tuple[Condition, ...]
    outcome: Outcome
    because: str
    origin: str
    line: int
    mandatory: bool = False
    standing: int = 0

    def cell(self, name: str) -> Cell:
        """Its test of an input."""
        return next((one.cell for one in self.conditions if one.input == name), Anything())

    def first_failure(self, values: Values) -> Condition | None:
        """The first condition that does not hold, None if the rule fits."""
        for condition in self.conditions:
            if not condition.cell.holds(values[condition.input]):
                return condition
        return None


class Applied(NamedTuple):
    """An overlay that a table was made with."""

    id: str
    file: str
    version: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """The ordered rules that decide one question, in force from a day to a day, both included.

    `digest` is the SHA-256 of the content, so layout and comments do not change it and every word does. A
    table made with overlays holds their rows, is in force only as long as just these overlays are, and has a
    digest of all of them; `replaced` keeps each row that theirs replaced, with the one in its place.
    `contexts` are the kinds of context that an overlay may state, from the most general to the most specific.
    """

    id: str
    version: str
    owner: str
    title: str
    prose: str
    effective_from: date
    effective_to: date | None
    hit: str
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    rules: tuple[Rule, ...]
    digest: str
    contexts: tuple[str, ...] = ()
    overlays: tuple[Applied, ...] = ()
    replaced: tuple[tuple[Rule, Rule], ...] = ()

    @property
    def by_priority(self) -> bool:
        """Whether its rules state a priority."""
        return self.hit not in ("unique", "first")

    @cached_property
    def grid(self) -> Grid:
        """The rules as masks; made at the first question."""
        return Grid({name: self._column(one) for name, one in self.inputs.items()}, height=len(self.rules))

    def _column(self, declared: Input) -> Column:
        cells = [rule.cell(declared.name) for rule in self.rules]
        return Column(cut(declared.type, cells), cells, optional=declared.optional, domain=Anything())

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)
