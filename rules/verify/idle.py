"""Rows that decide nothing: unreachable ones, and those without which every case would come out alike."""

from collections.abc import Iterator
from functools import partial

from rules.decision import Decision
from rules.facts import Answer
from rules.grid import bits
from rules.table import Rule
from rules.verdict import judge
from rules.verify.flaw import DIVIDE, Flaw, flaw_of
from rules.verify.space import OutOfBudget, Point
from rules.verify.subject import Subject, common, fitting

_NAMED = 3  # rows that a message names


def find_idle(subject: Subject) -> Iterator[Flaw]:
    """Tell the rows that never decide, then those that others could stand in for, from the last row up.

    Of several rows that can stand in for each other one is left untold.
    """
    unreachable, redundant = 0, 0
    for row in range(len(subject.rules)):
        for flaw in _unreachable(subject, row):
            yield flaw
            unreachable |= flaw.proved << row
    if subject.table.hit in ("unique", "collect"):
        return
    for row in reversed(range(len(subject.rules))):
        if not unreachable >> row & 1:
            for flaw in _redundant(subject, row, redundant):
                yield flaw
                redundant |= flaw.proved << row


def _unreachable(subject: Subject, row: int) -> Iterator[Flaw]:
    rule, box = subject.rules[row], subject.boxes[row]
    if not all(box):
        what = ", ".join(name for name, part in zip(subject.names, box, strict=True) if not part)
        message = f"{rule.id} never fits: no value of {what} that can be passes its cell"
        yield flaw_of("unreachable", "error", [rule], message=message, suggestion="correct the cell")
        return
    try:
        if subject.within(row, besides=subject.above[row]) is not None:
            return
    except OutOfBudget:
        message = f"whether {rule.id} ever decides takes too long to tell"
        yield flaw_of("unreachable", "warning", [rule], message=message, suggestion=DIVIDE, proved=False)
        return
    covering = _covering(subject, row, subject.meeting[row] & subject.above[row])
    yield flaw_of(
        "unreachable",
        "error",
        [rule, *covering[:_NAMED]],
        message=f"{rule.id} never decides: what it fits is decided above it, by {_named(covering)}",
        suggestion="move it above them or give it a higher priority if it was to decide, else remove it",
        witness=subject.witness(box, partial(_yields, rule)),
    )


def _redundant(subject: Subject, row: int, told: int) -> Iterator[Flaw]:
    rule, others = subject.rules[row], subject.meeting[row] & ~(1 << row)
    try:
        if not all(_stand_in(subject, row, rest) for rest in {others, others & ~told}):
            return
        point = subject.within(row, besides=subject.above[row])
    except OutOfBudget:
        message = f"whether any case would come out otherwise without {rule.id} takes too long to tell"
        yield flaw_of("redundant", "warning", [rule], message=message, suggestion=DIVIDE, proved=False)
        return
    yield _needless(subject, row, point, others & ~subject.above[row] & ~told)


def _stand_in(subject: Subject, row: int, others: int) -> bool:
    """Whether each case that the row decides would be decided alike by these others."""
    outcome = subject.rules[row].outcome
    rest = list(bits(others & ~subject.above[row]))
    unlike = sum(1 << other for other in rest if subject.rules[other].outcome != outcome)
    if subject.space.find(subject.boxes[row], others, bad=unlike) is not None:
        return False
    alike = (other for other in rest if not unlike >> other & 1)
    return not any(_would_clash(subject, row, other, others, unlike) for other in alike)


def _would_clash(subject: Subject, row: int, other: int, others: int, unlike: int) -> bool:
    """Whether, without the row, this other one would contradict one that it stands equal with."""
    for clashing in bits(subject.meeting[other] & subject.tied[other] & unlike):
        box = common(subject.boxes[row], common(subject.boxes[other], subject.boxes[clashing]))
        if subject.space.find(box, others & subject.above[other]) is not None:
            return True
    return False


def _needless(subject: Subject, row: int, point: Point | None, others: int) -> Flaw:
    rule = subject.rules[row]
    standing_in = [one for one in subject.rules_of(others) if one.outcome == rule.outcome]
    says_why = all(one.because != rule.because for one in standing_in)
    return flaw_of(
        "redundant",
        "note" if says_why else "warning",
        [rule, *standing_in[:_NAMED]],
        message=f"without {rule.id} every case would come out alike, by {_named(standing_in)}",
        suggestion="keep it for its reason" if says_why else "remove it",
        witness=subject.witness(subject.boxes[row], partial(_comes_out_alike, subject, rule), point=point),
    )


def _comes_out_alike(subject: Subject, rule: Rule, answer: Answer) -> bool:
    """Whether the rule fits and the others come to the same decision without it."""
    fit = fitting(answer)
    rest = judge(subject.table, [one for one in subject.table.rules if one.id in fit - {rule.id}])
    return rule.id in fit and (rest.kind, rest.outcome) == ("decision", getattr(answer, "outcome", None))


def _yields(rule: Rule, answer: Answer) -> bool:
    """Whether the rule fits, and others decide."""
    if isinstance(answer, Decision):
        return rule.id in fitting(answer) and rule.id not in answer.rules
    return answer.kind == "conflict" and rule.id not in {*answer.rules, *(one.rule for one in answer.why_not)}


def _covering(subject: Subject, row: int, above: int) -> list[Rule]:
    """The row above that fits wherever this one does, or the first ones that fit somewhere."""
    box = subject.boxes[row]
    for other in bits(above):
        if common(box, subject.boxes[other]) == box:
            return [subject.rules[other]]
    return subject.rules_of(above)


def _named(rules: list[Rule]) -> str:
    names = ", ".join(rule.id for rule in rules[:_NAMED])
    return names if len(rules) <= _NAMED else f"{names} and others"
