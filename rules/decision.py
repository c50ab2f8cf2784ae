"""What a table said: a decision, or why there is none and a person must decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from rules.canonical import digest_of
from rules.table import Facts, Outcome, Rule, Table
from rules.values import JsonValue

EscalationKind = Literal["invalid_input", "missing_input", "no_rule", "conflict", "not_in_force"]
ESCALATIONS: tuple[EscalationKind, ...] = get_args(EscalationKind)
MOST_TOLD = 100  # rows of which an answer as JSON says why they did not decide; a look-up table has thousands


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What was asked: which table, with which facts, on which day.

    `facts` are as the table read them, equal values written alike and missing ones as None; an invalid one is
    left out. `derived` are the inputs that were worked out from them, and `asked` what other tables said, by
    their id. `sources` say where facts come from, as far as whoever asked said so. `as_of` is None if no day
    could be read.
    """

    table: Table
    facts: Facts
    as_of: date | None
    derived: Facts = field(default_factory=dict)
    asked: Mapping[str, "Decision | Escalation"] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def facts_digest(self) -> str:
        return digest_of(self.facts)

    def value(self, name: str) -> JsonValue:
        """An input as the table read it or worked it out."""
        return self.derived[name] if name in self.derived else self.facts[name]

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "table": self.table.id,
            "version": self.table.version,
            "digest": self.table.digest,
            "overlays": [overlay._asdict() for overlay in self.table.overlays],
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "facts": dict(self.facts),
            "facts_digest": self.facts_digest,
            "sources": dict(self.sources),
            "derived": dict(self.derived),
            "asked": {name: answer.as_json() for name, answer in self.asked.items()},
        }


class NotTaken(NamedTuple):
    """A rule that did not decide: the first of its conditions that failed, or the rule that it yields to.

    A tuple, because there is one for every rule but one at every decision.
    """

    rule: str
    reason: str
    input: str | None = None
    cell: str | None = None
    value: JsonValue = None
    yields_to: str | None = None


def _nothing(most: int | None) -> tuple[NotTaken, ...]:
    return ()


class Overridden(NamedTuple):
    """A rule that would decide too, but for an overlay or a mandatory rule."""

    rule: str
    file: str
    outcome: Outcome
    by: str
    by_file: str

    @classmethod
    def by_rule(cls, rule: Rule, other: Rule) -> "Overridden":
        return cls(rule.id, rule.origin, dict(rule.outcome), other.id, other.origin)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One rule decided, or several that are taken together; `rule` is the upper one of `rules`.

    `why_not` says of each other one why it did not, and `could_change` names the missing facts of which some
    value, by itself, would have led to another answer. Both are worked out when they are first asked for, by
    `explain` and `doubt`: most who decide do not ask. `without` are missing facts that a table must have and
    that could not change this decision. `overridden` names the rules that an overlay or a mandatory rule kept
    from deciding.
    """

    basis: Basis
    rule: str
    rules: tuple[str, ...]
    because: str
    outcome: Outcome
    explain: Callable[[int | None], tuple[NotTaken, ...]] = field(repr=False, compare=False)
    doubt: Callable[[], tuple[str, ...]] = field(repr=False, compare=False)
    without: tuple[str, ...] = ()
    overridden: tuple[Overridden, ...] = ()
    kind: Literal["decision"] = "decision"

    @cached_property
    def why_not(self) -> tuple[NotTaken, ...]:
        return self.explain(None)

    @cached_property
    def could_change(self) -> tuple[str, ...]:
        return self.doubt()

    def as_json(self) -> dict[str, JsonValue]:
        """Plain JSON, fit for a checkpoint."""
        return {
            "kind": self.kind,
            **self.basis.as_json(),
            "rule": self.rule,
            "rules": list(self.rules),
            "because": self.because,
            "outcome": dict(self.outcome),
            "why_not": [row._asdict() for row in self.explain(MOST_TOLD)],
            "overridden": [row._asdict() for row in self.overridden],
            "without": list(self.without),
            "could_change": list(self.could_change),
        }


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """The table has no answer, and nobody may make one up: a person decides.

    `inputs` names the facts at fault, `rules` the rows that contradict each other. Of missing facts, `inputs`
    are those that could change the answer, and all that it takes; those that settle most by themselves come
    first. `could_change` are missing facts that a table may do without, as in a decision.
    """

    basis: Basis
    kind: EscalationKind
    message: str
    inputs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    explain: Callable[[int | None], tuple[NotTaken, ...]] = field(default=_nothing, repr=False, compare=False)
    could_change: tuple[str, ...] = ()

    @cached_property
    def why_not(self) -> tuple[NotTaken, ...]:
        return self.explain(None)

    def as_json(self) -> dict[str, JsonValue]:
        """Plain JSON, fit for a checkpoint."""
        return {
            "kind": self.kind,
            **self.basis.as_json(),
            "message": self.message,
            "inputs": list(self.inputs),
            "rules": list(self.rules),
            "why_not": [row._asdict() for row in self.explain(MOST_TOLD)],
            "could_change": list(self.could_change),
        }
