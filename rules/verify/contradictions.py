"""Contradictions: rows that fit at once, of which the hit policy lets none decide.

Rows that say of each other that they contradict do so on purpose, and are none.
"""

from collections.abc import Iterator
from functools import partial

from rules.decision import Escalation
from rules.facts import Answer
from rules.grid import bits
from rules.verify.flaw import DIVIDE, Flaw, flaw_of
from rules.verify.space import OutOfBudget
from rules.verify.subject import Subject, common

_MOST = 50  # pairs that are told one by one


def find_contradictions(subject: Subject) -> Iterator[Flaw]:
    """Tell the pairs of rows that contradict each other where no rule above them decides."""
    told = 0
    for row, others in enumerate(_suspects(subject)):
        for other in bits(others):
            for flaw in _contradiction(subject, other, row):
                yield flaw
                told += 1
            if told == _MOST:
                yield _more(subject, row)
                return


def _suspects(subject: Subject) -> Iterator[int]:
    """For each row the upper ones that it meets, stands equal with and says otherwise than."""
    if subject.table.hit == "collect":
        return
    said: dict[str, int] = {}
    for row, rule in enumerate(subject.rules):
        alike = 0 if subject.table.hit == "unique" else said.get(repr(rule.outcome), 0)
        yield subject.meeting[row] & subject.tied[row] & ((1 << row) - 1) & ~alike
        said[repr(rule.outcome)] = said.get(repr(rule.outcome), 0) | 1 << row


def _contradiction(subject: Subject, one: int, other: int) -> Iterator[Flaw]:
    box = common(subject.boxes[one], subject.boxes[other])
    rules = [subject.rules[one], subject.rules[other]]
    if rules[0].id in rules[1].contradicts or rules[1].id in rules[0].contradicts:
        return
    names = f"{rules[0].id} and {rules[1].id}"
    try:
        point = subject.space.find(
            box, subject.space.meeting(box) & (subject.above[one] | subject.above[other])
        )
    except OutOfBudget:
        message = f"whether {names} ever decide at once takes too long to tell"
        yield flaw_of("contradiction", "warning", rules, message=message, suggestion=DIVIDE, proved=False)
        return
    if point is None:
        return
    witness = subject.witness(box, partial(_is_conflict, {rule.id for rule in rules}), point=point)
    yield flaw_of(
        "contradiction",
        "error" if witness else "warning",
        rules,
        message=f"{names} fit at once where {subject.in_words(box)}, and {_why(subject)}",
        suggestion=_suggestion(subject),
        witness=witness,
        proved=witness is not None,
    )


def _is_conflict(rules: set[str], answer: Answer) -> bool:
    return isinstance(answer, Escalation) and answer.kind == "conflict" and rules <= set(answer.rules)


def _why(subject: Subject) -> str:
    match subject.table.hit:
        case "unique":
            return "only one may"
        case "any":
            return "they do not say the same"
    return "neither stands above the other"


def _suggestion(subject: Subject) -> str:
    if subject.table.hit == "priority":
        return "give one of them a higher priority, or let one leave out what the other decides"
    return "let one of them leave out what the other decides"


def _more(subject: Subject, row: int) -> Flaw:
    return flaw_of(
        "contradiction",
        "error",
        [subject.rules[row]],
        message="this row and those below it may contradict others too",
        suggestion="settle the contradictions above first",
        proved=False,
    )
