"""A decision table as it is executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from rules.canonical import digest_of
from rules.cells import Anything, Cell
from rules.cuts import cut
from rules.formulas import Formula
from rules.grid import Column, Grid
from rules.values import JsonValue, Value, ValueType

Values = Mapping[str, Value | None]  # a value for each input of a table; None for a missing one
Facts = Mapping[str, JsonValue]  # a fact for each input that is given one; None for a missing one
Outcome = Mapping[str, JsonValue]  # a value for each output of a table; None where it does not apply

# If several rules fit: the highest priority decides; none may; all must agree; the upper one decides; all are
# taken together.
HIT_POLICIES = ("priority", "unique", "any", "first", "collect")
AGGREGATES = ("list", "sum", "min", "max", "count")  # how `collect` takes together what its rules say


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One test of an input, with its text as written."""

    input: str
    cell: Cell
    text: str


class Question(NamedTuple):
    """An output of another table."""

    table: str
    output: str


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a table decides by; a value outside the domain is refused.

    It is given as a fact, unless it is `derived` from other inputs or another table is asked for it (`asks`).
    """

    name: str
    type: ValueType
    optional: bool
    unit: str
    label: str
    domain: Condition | None = None
    derived: Formula | None = None
    asks: Question | None = None

    @property
    def computed(self) -> bool:
        """Whether it is never given."""
        return self.derived is not None or self.asks is not None


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a table says, read by `value_type`; `values` are the words of an enumeration or of roles.

    With `only_when` it is said exactly if another output has that value.
    """

    name: str
    type: str
    value_type: ValueType
    values: tuple[str, ...]
    only_when: tuple[str, str] | None
    unit: str
    label: str
    domain: Condition | None = None

    def applies(self, outcome: Outcome) -> bool:
        """Whether a rule with this outcome must say it; otherwise the rule must not."""
        return self.only_when is None or outcome.get(self.only_when[0]) == self.only_when[1]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row: if all conditions hold, this is the outcome, and because of this.

    `origin` is the file that it stands in, and `line` its line there. Of two rows that fit, the one of higher
    `standing` has the say whatever their priorities, and a mandatory one before any that is not.
    `contradicts` names rules that say otherwise on purpose: where both fit, a person decides.
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
    contradicts: tuple[str, ...] = ()

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
    """A file that a table was made with: an overlay, or the table's own."""

    id: str
    file: str
    version: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What an example expects: these outputs, this rule, or an escalation of this kind."""

    outcome: Outcome
    rule: str | None
    escalation: str | None


@dataclass(frozen=True, kw_only=True)
class Example:
    """A case that the table's author has decided, and the table must decide alike."""

    name: str
    given: Facts
    as_of: date
    expect: Expectation
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """The ordered rules that decide one question, in force from a day to a day, both included.

    `aggregate` says how `collect` takes rules together. `computed` are the inputs that are not given, each
    after what it needs, and `asked` the tables that answer some of them. `digest` is a SHA-256 of all that:
    layout and comments do not change it and every word does, but for the examples', which decide nothing. A
    table made with overlays holds their rows, is in force only as long as just these overlays are, and has a
    digest of all of them; `replaced` keeps each row that theirs replaced, with the one in its place.
    `contexts` are the kinds of context that an overlay may state, from the most general to the most specific.
    `sources` are the texts that the table itself was read from, by the name of their file, its own first.
    """

    id: str
    version: str
    owner: str
    title: str
    prose: str
    effective_from: date
    effective_to: date | None
    hit: str
    aggregate: str | None
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]
    file: str
    content_digest: str
    computed: tuple[str, ...] = ()
    asked: Mapping[str, "Table"] = field(default_factory=dict)
    sources: Mapping[str, str]
    contexts: tuple[str, ...] = ()
    overlays: tuple[Applied, ...] = ()
    replaced: tuple[tuple[Rule, Rule], ...] = ()

    @cached_property
    def digest(self) -> str:
        """The digest of its content and of the tables that it asks."""
        if not self.asked:
            return self.content_digest
        return digest_of([self.content_digest, *sorted(table.digest for table in self.asked.values())])

    @cached_property
    def given(self) -> Mapping[str, Input]:
        """The inputs that facts are given for: its own, and what only the tables that it asks need."""
        given = {name: declared for name, declared in self.inputs.items() if not declared.computed}
        for table in self.asked.values():
            given |= {name: one for name, one in table.given.items() if name not in self.inputs}
        return given

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Its own inputs that must be given."""
        return tuple(name for name, one in self.inputs.items() if not one.computed and not one.optional)

    @cached_property
    def overrides(self) -> bool:
        """Whether rules have the say over others whatever the hit policy says."""
        return any(rule.mandatory or rule.standing for rule in self.rules)

    def needs(self, name: str) -> frozenset[str]:
        """The inputs that a computed one needs, those of the table that is asked for it among them."""
        declared = self.inputs[name]
        if declared.derived:
            return frozenset(declared.derived.inputs)
        return frozenset(self.asked[declared.asks.table].given) if declared.asks else frozenset()

    @property
    def by_priority(self) -> bool:
        """Whether its rules state a priority."""
        return self.hit == "priority"

    @cached_property
    def grid(self) -> Grid:
        """The rules as masks; made at the first question."""
        return Grid({name: self._column(one) for name, one in self.inputs.items()}, height=len(self.rules))

    def _column(self, declared: Input) -> Column:
        cells = [rule.cell(declared.name) for rule in self.rules]
        domain = declared.domain.cell if declared.domain else Anything()
        atoms = cut(declared.type, [*cells, domain])
        return Column(atoms, cells, optional=declared.optional, domain=domain)

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)
