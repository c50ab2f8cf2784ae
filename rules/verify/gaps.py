"""Gaps: cases that no rule fits."""

from collections.abc import Iterator

from rules.facts import Answer
from rules.verify.flaw import DIVIDE, Flaw, Witness
from rules.verify.space import Box, OutOfBudget, Point
from rules.verify.subject import Subject

_MOST = 10  # gaps that are told one by one


def find_gaps(subject: Subject) -> Iterator[Flaw]:
    """Tell the gaps of a table, each as wide as it goes, and after some of them that there are more."""
    waiting = [subject.space.whole]
    told = 0
    while waiting:
        box = waiting.pop()
        try:
            point = subject.space.find(box, subject.space.meeting(box))
        except OutOfBudget:
            message = "whether there is a case that no rule fits takes too long to tell"
            yield _flaw(subject, message, DIVIDE, proved=False)
            return
        if point is None:
            continue
        if told == _MOST:
            yield _more(subject, point, box)
            return
        told += 1
        hole = _widened(subject, point)
        yield _gap(subject, point, hole)
        waiting += _besides(box, hole)


def _gap(subject: Subject, point: Point, hole: Box) -> Flaw:
    where = subject.in_words(hole)
    witness = subject.witness(hole, _fits_none, point=point)
    suggestion = f"add a rule with when: {where}, or widen one that nearly fits"
    return _flaw(subject, f"no rule fits {where}", suggestion, witness=witness, proved=witness is not None)


def _more(subject: Subject, point: Point, box: Box) -> Flaw:
    witness = subject.witness(box, _fits_none, point=point)
    return _flaw(
        subject,
        "there are more cases that no rule fits",
        "close the gaps above first",
        witness=witness,
        proved=witness is not None,
    )


def _fits_none(answer: Answer) -> bool:
    return answer.kind == "no_rule"


def _flaw(
    subject: Subject, message: str, suggestion: str, *, witness: Witness | None = None, proved: bool = True
) -> Flaw:
    last = subject.table.rules[-1]
    return Flaw(
        kind="gap",
        severity="error" if proved else "warning",
        file=subject.table.file,
        line=last.line,
        message=message,
        suggestion=suggestion,
        witness=witness,
        proved=proved,
    )


def _widened(subject: Subject, point: Point) -> Box:
    """The point, widened in one column after the other as far as no rule fits."""
    box = [1 << number for number in point]
    for at, axis in enumerate(subject.space.axes):
        others = -1
        for other, (axis_, classes) in enumerate(zip(subject.space.axes, box, strict=True)):
            others &= -1 if other == at else axis_.span(classes)[0]
        box[at] = sum(1 << number for number, rows in enumerate(axis.rows) if not rows & others)
    return tuple(box)


def _besides(box: Box, hole: Box) -> Iterator[Box]:
    """Boxes that make up what a box has outside the hole."""
    rest = list(box)
    for at, part in enumerate(hole):
        if rest[at] & ~part:
            yield (*rest[:at], rest[at] & ~part, *rest[at + 1 :])
        rest[at] &= part
        if not rest[at]:
            return
