"""The facts that two tables can be told, cut so finely that no cell of either parts two values of an atom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rules.cells import Anything, Cell
from rules.cuts import Cut, Line, Words, cut
from rules.errors import NotAValue, RuleError
from rules.grid import bits, runs
from rules.table import Input, Rule, Table
from rules.values import RESERVED, EnumType, JsonValue, SetType, ValueType, in_words

_MOST_WORDS = 10  # of a set: each doubles the atoms

Box = tuple[int, ...]  # a mask of atoms for each axis


class Incomparable(RuleError):
    """Two tables have an input of one name and two types, so that no case is put to both."""

    code = "tables_incomparable"


class Axis:
    """One input of either table, or of both: its atoms, and which of them each table takes.

    A table without the input is not told it, so that it takes all of them.
    """

    def __init__(self, name: str, old: Table, new: Table) -> None:
        self.name = name
        self._inputs = [table.inputs.get(name) for table in (old, new)]
        declared = [one for one in self._inputs if one]
        self.kind = _kind_of(name, [one.type for one in declared])
        cells = [rule.cell(name) for table in (old, new) for rule in table.rules]
        self.cut: Cut = _cut(name, self.kind, [*cells, *(one.domain.cell for one in declared if one.domain)])
        self.old, self.new = map(self._taken, self._inputs)

    def mask(self, rule: Rule) -> int:
        return self.cut.mask(rule.cell(self.name))

    def fact(self, atom: int) -> JsonValue:
        """A fact that has this atom."""
        value = None if atom == self.cut.missing else self.cut.sample(atom)
        return None if value is None else self.kind.plain(value)

    def words(self, mask: int) -> str:
        """The atoms as a cell, or as several that are parted by `or`; empty if the facts may be any."""
        everything = self.old | self.new
        if mask & everything == everything:
            return ""
        missing = 1 << self.cut.missing
        present = mask & ~missing
        if present == everything & ~missing:
            return "not(missing)"
        texts = [*self._texts(present), *([RESERVED] if mask & missing else [])]
        return " or ".join(texts)

    def _texts(self, mask: int) -> Iterator[str]:
        if isinstance(self.cut, Line):
            nobodys = self.cut.present & ~(self.old | self.new)
            for start, end in runs(mask | nobodys):
                if mask >> start & (1 << end - start) - 1:
                    yield self._stretch(start, end)
        elif mask:
            known = [atom for atom in bits(mask) if not self._is_open(atom)]
            named = [self._literal(atom) for atom in known]
            if len(known) < mask.bit_count():
                others = [one for one in range(self.cut.missing) if not mask >> one & 1]
                yield f"not({', '.join(map(self._literal, others))})"
            else:
                yield named[0] if len(named) == 1 else f"{{{', '.join(named)}}}"

    def _is_open(self, atom: int) -> bool:
        return isinstance(self.cut, Words) and self.cut.is_open and atom == self.cut.missing - 1

    def _stretch(self, start: int, end: int) -> str:
        """A run of atoms of a line: every odd one is a literal, every even one lies between two."""
        if end - start == 1 and start % 2:
            return self._literal(start)
        low = None if start == 0 else self._literal(start if start % 2 else start - 1)
        high = None if end == self.cut.missing else self._literal(end - 1 if not end % 2 else end)
        if low is None or high is None:
            return (
                f"{'<' if low is None else '>'}{'=' if self._closed(start, end, low) else ''} {low or high}"
            )
        return f"{'[' if start % 2 else '('}{low}..{high}{']' if not end % 2 else ')'}"

    @staticmethod
    def _closed(start: int, end: int, low: str | None) -> bool:
        return bool(start % 2) if low is not None else not end % 2

    def _literal(self, atom: int) -> str:
        fact = self.fact(atom)
        return in_words(fact["amount"] if isinstance(fact, dict) else fact)

    def _taken(self, declared: Input | None) -> int:
        if declared is None:
            return self.cut.everything
        taken = sum(1 << atom for atom in range(self.cut.missing) if self._takes(declared, atom))
        return taken | declared.optional << self.cut.missing

    def _takes(self, declared: Input, atom: int) -> bool:
        value = self.cut.sample(atom)
        if value is None:
            return False
        try:
            declared.type.fact(self.kind.plain(value))
        except NotAValue:
            return False
        return declared.domain is None or declared.domain.cell.holds(value)


class Space:
    """The axes of two tables, and where on them each row of theirs lies."""

    def __init__(self, old: Table, new: Table) -> None:
        names = dict.fromkeys([*new.inputs, *old.inputs])
        self.axes = tuple(Axis(name, old, new) for name in names)
        self.old, self.new = ([tuple(a.mask(r) for a in self.axes) for r in t.rules] for t in (old, new))

    @property
    def taken(self) -> Box:
        """What both tables take."""
        return tuple(axis.old & axis.new for axis in self.axes)

    def refused(self) -> Iterator[tuple[str, Box]]:
        """What only one of them takes, the other one refuses or lacks: who takes it, box by box, apart."""
        for who in ("old", "new"):
            done: list[int] = []
            for number, axis in enumerate(self.axes):
                own, other = (axis.old, axis.new) if who == "old" else (axis.new, axis.old)
                rest = [one.old if who == "old" else one.new for one in self.axes[number + 1 :]]
                if own & ~other:
                    yield who, (*done, own & ~other, *rest)
                done.append(own & other)

    def facts(self, box: Box) -> Mapping[str, JsonValue]:
        """The facts of one case in a box: a value rather than a missing one, and the plainest."""
        return {
            axis.name: axis.fact(next(bits(mask & ~(1 << axis.cut.missing) or mask)))
            for axis, mask in zip(self.axes, box, strict=True)
        }

    def words(self, box: Box) -> Mapping[str, str]:
        """A box as cells, by the input that each is about."""
        cells = ((axis.name, axis.words(mask)) for axis, mask in zip(self.axes, box, strict=True))
        return {name: text for name, text in cells if text}


def _kind_of(name: str, kinds: Sequence[ValueType]) -> ValueType:
    """The type of an input in both tables; lists of words may differ."""
    first, last = kinds[0], kinds[-1]
    if isinstance(first, EnumType | SetType) and type(first) is type(last):
        return replace(first, values=tuple(dict.fromkeys([*first.values, *last.values])))
    if first != last:
        raise Incomparable(f"{name!r} is of another type in each: no case can be put to both tables")
    return first


def _cut(name: str, kind: ValueType, cells: Sequence[Cell]) -> Cut:
    if isinstance(kind, SetType) and len(kind.values) > _MOST_WORDS:
        raise Incomparable(f"{name!r} is a set of more than {_MOST_WORDS} words: too many to compare")
    return cut(kind, cells or [Anything()])
