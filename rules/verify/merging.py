"""Rows that could be one: alike in all but one cell, and the two cells make one."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import combinations

from rules.layout import scalar_text
from rules.verify.flaw import Flaw, flaw_of
from rules.verify.subject import Subject
from rules.verify.wording import cell_of


def find_mergeable(subject: Subject) -> Iterator[Flaw]:
    """Tell the pairs of rows with one outcome and one reason that a single row could stand for."""
    merged: set[int] = set()
    for at in range(len(subject.names)):
        for rows in _alike_besides(subject, at):
            for one, other in combinations(rows, 2):
                if merged.isdisjoint((one, other)) and (text := _joined(subject, one, other, at)):
                    merged |= {one, other}
                    yield from _mergeable(subject, one, other, f"{subject.names[at]}: {scalar_text(text)}")


def _alike_besides(subject: Subject, at: int) -> list[list[int]]:
    """Rows that say the same for the same reason in the same place, and differ in this column at most."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, (rule, box) in enumerate(zip(subject.rules, subject.boxes, strict=True)):
        said = (repr(rule.outcome), rule.because, rule.priority, rule.origin, rule.mandatory, rule.standing)
        groups[said, box[:at], box[at + 1 :]].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def _joined(subject: Subject, one: int, other: int, at: int) -> str | None:
    """The one cell for both rows, None if there is none or one row for both would decide otherwise."""
    mine, its = subject.boxes[one][at], subject.boxes[other][at]
    if mine | its in (mine, its) or (subject.table.hit in ("collect", "unique") and mine & its):
        return None
    between = ((1 << other) - (2 << one)) & subject.meeting[other]
    if subject.table.hit == "first" and any(
        rule.outcome != subject.rules[one].outcome for rule in subject.rules_of(between)
    ):
        return None
    column, declared = subject.columns[at], subject.table.inputs[subject.names[at]]
    return cell_of(column, subject.space.axes[at].atoms_of(mine | its), declared.type)


def _mergeable(subject: Subject, one: int, other: int, condition: str) -> Iterator[Flaw]:
    witness = subject.case_of(other)
    if witness is None:
        return  # the lower one is idle, and that is its flaw
    rules = [subject.rules[one], subject.rules[other]]
    yield flaw_of(
        "mergeable",
        "note",
        rules,
        message=f"{rules[0].id} and {rules[1].id} say the same for the same reason and differ in one cell",
        suggestion=f"write them as one row with {condition}",
        witness=witness,
    )
