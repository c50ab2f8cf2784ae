"""What the rest of the house owes a table: a version in time, all of its inputs, a use for its outputs."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from rules.table import Facts, Table
from rules.verify.flaw import Flaw, Kind, Severity, Witness
from rules.verify.subject import Subject


def find_late(subject: Subject, on: date, *, within: timedelta) -> Iterator[Flaw]:
    """Tell that the table is not in force on a day, or will not be within so many more."""
    table = subject.table
    last = table.effective_to
    if not table.in_force(on):
        until = f"to {last}" if last else "on"
        message = (
            f"no rule is in force on {on}: version {table.version} is from {table.effective_from} {until}"
        )
        yield _flaw(table, "not_in_force", message, _FOLLOW, witness=_asked(subject, on))
    elif last and last < on + within:
        message = f"no rule is in force after {last}, the last day of version {table.version}"
        yield _flaw(table, "expiring", message, _FOLLOW, witness=_asked(subject, last + timedelta(days=1)))


def find_undeliverable(subject: Subject, delivered: Collection[str]) -> Iterator[Flaw]:
    """Tell the inputs that are not among those that a process delivers."""
    for name, declared in subject.table.given.items():
        if name not in delivered:
            asked = _asked(subject, subject.table.effective_from)
            yield _flaw(
                subject.table,
                "undeliverable_input",
                f"input {name} is never given, so {_consequence(optional=declared.optional)}",
                f"let the process deliver {name}, or decide without it",
                witness=asked and asked._replace(facts=_without(name, asked.facts)),
                severity="warning" if declared.optional else "error",
            )


def find_unread(subject: Subject, read: Collection[str]) -> Iterator[Flaw]:
    """Tell the outputs that are not among those that a process reads."""
    for name in subject.table.outputs.keys() - read:
        saying = [row for row, rule in enumerate(subject.rules) if rule.outcome[name] is not None]
        yield _flaw(
            subject.table,
            "unread_output",
            f"nobody reads output {name}",
            f"let the process act on {name}, or leave it out",
            witness=subject.case_of(saying[0]) if saying else None,
        )


_FOLLOW = "bring in the version that follows"


def _consequence(*, optional: bool) -> str:
    return "it counts as missing in every case" if optional else "no case that hangs on it is decided"


def _without(name: str, facts: Facts) -> Facts:
    return {other: fact for other, fact in facts.items() if other != name}


def _asked(subject: Subject, day: date) -> Witness | None:
    """Any case that the table has an answer to, put on a day."""
    witness = subject.witness(subject.space.whole, lambda answer: answer.kind != "invalid_input")
    return witness and witness._replace(as_of=day)


def _flaw(
    table: Table,
    kind: Kind,
    message: str,
    suggestion: str,
    *,
    witness: Witness | None,
    severity: Severity = "warning",
) -> Flaw:
    return Flaw(
        kind=kind,
        severity=severity,
        file=table.file,
        line=1,
        message=message,
        suggestion=suggestion,
        witness=witness,
    )
