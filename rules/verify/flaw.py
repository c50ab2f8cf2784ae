"""What verification finds in a table that reads well, and the case that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from rules.table import Facts, Rule
from rules.values import JsonValue

Kind = Literal[
    "gap",
    "contradiction",
    "unreachable",
    "redundant",
    "mergeable",
    "loosened",
    "unread_output",
    "undeliverable_input",
    "not_in_force",
    "expiring",
]
Severity = Literal["error", "warning", "note"]

DIVIDE = "divide the table in two that ask fewer inputs each, one of them asking the other"


class Witness(NamedTuple):
    """A question that shows a flaw, as `decide` takes it."""

    facts: Facts
    as_of: date

    def as_json(self) -> dict[str, JsonValue]:
        return {"facts": dict(self.facts), "as_of": self.as_of.isoformat()}


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One thing that a table does not do as its author meant, where it stands and what would help.

    `rules` are the rows concerned, `line` is the first one's, and `places` are those of all. A flaw that is
    not `proved` may be none: it would have taken too long to tell, or no case was found that shows it.
    `overlays` names those with which the table has it.
    """

    kind: Kind
    severity: Severity
    file: str
    line: int
    message: str
    suggestion: str
    rules: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    witness: Witness | None = None
    proved: bool = True
    overlays: tuple[str, ...] = ()

    def __str__(self) -> str:
        doubt = "" if self.proved else ", not proved"
        return f"{self.file}:{self.line}: {self.severity}: {self.kind}{doubt}: {self.message}"

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "proved": self.proved,
            "file": self.file,
            "line": self.line,
            "rules": list(self.rules),
            "places": list(self.places),
            "overlays": list(self.overlays),
            "message": self.message,
            "suggestion": self.suggestion,
            "witness": self.witness.as_json() if self.witness else None,
        }


def place_of(rule: Rule) -> str:
    return f"{rule.origin}:{rule.line}"


def flaw_of(
    kind: Kind,
    severity: Severity,
    rules: Sequence[Rule],
    *,
    message: str,
    suggestion: str,
    witness: Witness | None = None,
    proved: bool = True,
) -> Flaw:
    """A flaw of one or more rows."""
    return Flaw(
        kind=kind,
        severity=severity,
        file=rules[0].origin,
        line=rules[0].line,
        message=message,
        suggestion=suggestion,
        rules=tuple(rule.id for rule in rules),
        places=tuple(map(place_of, rules)),
        witness=witness,
        proved=proved,
    )
