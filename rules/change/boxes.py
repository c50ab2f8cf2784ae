"""Where two tables say different things: boxes of facts in which each says one thing, found by splitting.

A box is split by the cells of rows until each row either fits all of it or none. A box is left alone as soon
as what may still fit in it is the same in both tables, so the work grows with the change, not with the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from rules.canonical import digest_of
from rules.change.space import Box, Space
from rules.precedence import outranks
from rules.table import Outcome, Rule, Table
from rules.values import JsonValue, in_words
from rules.verdict import judge

MOST_BOXES = 50_000  # looked at; some seconds


class Said(NamedTuple):
    """What a table says in a box: an outcome, or why there is none; and the rules that say it, or clash."""

    kind: str
    outcome: Outcome
    rules: tuple[str, ...]

    @property
    def mark(self) -> str:
        """Equal for what means the same, whichever rule says it."""
        return digest_of([self.kind, dict(self.outcome)])

    def also_by(self, rules: Iterable[str]) -> "Said":
        return self._replace(rules=tuple(dict.fromkeys((*self.rules, *rules))))

    def in_words(self) -> str:
        by = f" ({', '.join(self.rules)})" if self.rules else ""
        if self.kind != "decision":
            return f"{self.kind.replace('_', ' ')}{by}"
        said = [f"{name} {in_words(one)}" for name, one in self.outcome.items() if one is not None]
        return f"{', '.join(said)}{by}"

    def as_json(self) -> JsonValue:
        return {"kind": self.kind, "outcome": dict(self.outcome), "rules": list(self.rules)}


class Changed(NamedTuple):
    """A box in which the new table says another thing than the old one."""

    box: Box
    old: Said
    new: Said


@dataclass(frozen=True)
class _Part:
    """What is left of a table in a box: rows that fit all of it, and rows that may fit, by what is open."""

    sure: tuple[int, ...]
    open: Mapping[int, tuple[int, ...]]  # axes on which the row does not fit all of the box


class _Split(NamedTuple):
    """A row to split a box by, and the axis on which to; `shared` if the other table has the row too."""

    shared: bool
    number: int
    axis: int


class _Side:
    """One of the two tables. With a refusal, what it says of all facts there are."""

    def __init__(self, table: Table, masks: Sequence[Box], *, refusal: str | None = None) -> None:
        self.table = table
        self.masks = masks
        self.rows: Sequence[Rule] = () if refusal else table.rules
        self._refusal = refusal
        self._words = [_words_of(rule) for rule in table.rules]
        self._marks = [digest_of([words, masks[n]]) for n, words in enumerate(self._words)]
        self._in_order = table.hit in ("first", "collect")

    def within(self, box: Box) -> _Part:
        """What is left of the table in a box."""
        open_, sure = {}, []
        for number in range(len(self.rows)):
            mask = self.masks[number]
            if all(own & atoms for own, atoms in zip(mask, box, strict=True)):
                axes = tuple(n for n, atoms in enumerate(box) if atoms & ~mask[n])
                open_[number] = axes
                if not axes:
                    sure.append(number)
        return self._without_outranked(_Part(tuple(sure), {n: axes for n, axes in open_.items() if axes}))

    def narrowed(self, part: _Part, box: Box, axis: int) -> _Part:
        """What is left when the box was made narrower on an axis."""
        atoms, open_, sure = box[axis], {}, list(part.sure)
        for number, axes in part.open.items():
            mask = self.masks[number][axis]
            if not mask & atoms:
                continue
            left = axes if atoms & ~mask else tuple(one for one in axes if one != axis)
            if left:
                open_[number] = left
            else:
                sure.append(number)
        return self._without_outranked(_Part(tuple(sorted(sure)), open_))

    def contents(self, part: _Part) -> list[str]:
        """What may still be said, and by what: where two tables have the same left, they say the same."""
        marks = {number: self._words[number] for number in part.sure}
        marks |= {number: self._marks[number] for number in part.open}
        found = [marks[number] for number in sorted(marks)]
        return found if self._in_order else sorted(found)

    def says(self, part: _Part) -> Said:
        """What it says where nothing is open."""
        if self._refusal:
            return Said(self._refusal, {}, ())
        verdict = judge(self.table, [self.rows[number] for number in part.sure])
        return Said(verdict.kind, dict(verdict.outcome), tuple(rule.id for rule in verdict.rules))

    def split(self, part: _Part, other: Sequence[str]) -> _Split | None:
        """How to split: by a row that the other table has not, else by the one of highest priority."""
        if not part.open:
            return None
        theirs = set(other)
        number = min(part.open, key=lambda n: (self._marks[n] in theirs, -self.rows[n].priority, n))
        return _Split(self._marks[number] in theirs, number, part.open[number][0])

    def _without_outranked(self, part: _Part) -> _Part:
        beaten = {
            number
            for number in chain(part.sure, part.open)
            if any(self._beats(self.rows[one], self.rows[number], is_above=one < number) for one in part.sure)
        }
        if not beaten:
            return part
        return _Part(
            tuple(number for number in part.sure if number not in beaten),
            {number: axes for number, axes in part.open.items() if number not in beaten},
        )

    def _beats(self, one: Rule, other: Rule, *, is_above: bool) -> bool:
        """Whether a row keeps another one silent wherever both fit."""
        if self.table.aggregate:
            return False
        if outranks(one, other) or outranks(other, one):
            return outranks(one, other)
        if one.mandatory and one.origin != other.origin:
            return False
        return one.priority > other.priority or (self.table.hit == "first" and is_above)


def changed_boxes(
    old: Table, new: Table, space: Space, *, most: int = MOST_BOXES
) -> tuple[list[Changed], bool]:
    """Find every box in which the tables say different things, apart from each other; say if that is all.

    More than `most` boxes are not looked at.
    """
    same_policy = (old.hit, old.aggregate) == (new.hit, new.aggregate)
    sides = _Side(old, space.old), _Side(new, space.new)
    found, left = _search(space.taken, *sides, same_policy=same_policy, most=most)
    for who, box in space.refused():
        refusal = "invalid_input"
        silent = (
            (sides[0], _Side(new, space.new, refusal=refusal))
            if who == "old"
            else (_Side(old, space.old, refusal=refusal), sides[1])
        )
        more, left = _search(box, *silent, same_policy=False, most=left)
        found += more
    return found, left > 0


def _search(box: Box, old: _Side, new: _Side, *, same_policy: bool, most: int) -> tuple[list[Changed], int]:
    """Search one box; return what was found and how many more boxes may be looked at."""
    found: list[Changed] = []
    waiting = [(box, old.within(box), new.within(box))] if all(box) else []
    while waiting and most > 0:
        most -= 1
        box, before, after = waiting.pop()
        contents = old.contents(before), new.contents(after)
        if same_policy and contents[0] == contents[1]:
            continue
        splits = old.split(before, contents[1]), new.split(after, contents[0])
        if splits == (None, None):
            said = old.says(before), new.says(after)
            if said[0].mark != said[1].mark:
                found.append(Changed(box, *said))
            continue
        axis, mask = _chosen(old, new, *splits)
        for atoms in (box[axis] & ~mask, box[axis] & mask):
            narrow = (*box[:axis], atoms, *box[axis + 1 :])
            waiting.append((narrow, old.narrowed(before, narrow, axis), new.narrowed(after, narrow, axis)))
    return found, 0 if waiting else most


def _chosen(old: _Side, new: _Side, of_old: _Split | None, of_new: _Split | None) -> tuple[int, int]:
    """Choose between the two tables' splits: the axis, and the atoms of the row on it."""
    if of_new and (not of_old or of_new.shared <= of_old.shared):
        return of_new.axis, new.masks[of_new.number][of_new.axis]
    if of_old is None:
        raise AssertionError("one of the tables has a row that is open")
    return of_old.axis, old.masks[of_old.number][of_old.axis]


def _words_of(rule: Rule) -> str:
    """Equal for rows that say the same wherever they fit, and have the same say."""
    say: list[object] = [rule.priority, rule.standing, rule.mandatory, rule.mandatory and rule.origin]
    return digest_of([*say, dict(rule.outcome)])


def merged(boxes: Sequence[Box]) -> list[Box]:
    """The same facts in fewer boxes: two that differ on one axis become one."""
    left = list(boxes)
    for axis in range(len(left[0]) if left else 0):
        left = _merged_on(left, axis)
    return left


def _merged_on(boxes: Sequence[Box], axis: int) -> list[Box]:
    masks: dict[tuple[Box, Box], int] = {}
    for box in boxes:
        key = box[:axis], box[axis + 1 :]
        masks[key] = masks.get(key, 0) | box[axis]
    return [(*head, mask, *tail) for (head, tail), mask in masks.items()]
