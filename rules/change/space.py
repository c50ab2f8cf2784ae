"""The facts that two tables can be told, cut so finely that no cell of either parts two values of an atom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from rules.cells import Anything, Cell
from rules.cuts import Cut, cut
from rules.errors import NotAValue, RuleError
from rules.grid import Column, bits
from rules.table import Input, Rule, Table
from rules.values import EnumType, JsonValue, SetType, ValueType
from rules.verify.wording import in_cells

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
        self.possible = self.old | self.new

    def mask(self, rule: Rule) -> int:
        return self.cut.mask(rule.cell(self.name))

    def fact(self, atom: int) -> JsonValue:
        """A fact that has this atom."""
        value = None if atom == self.cut.missing else self.cut.sample(atom)
        return None if value is None else self.kind.plain(value)

    def within(self, mask: int, column: Column) -> int:
        """The atoms of a column of one of the tables in which these lie."""
        samples = (self.cut.sample(atom) for atom in bits(mask & self.cut.present))
        atoms = reduce(or_, (1 << column.cut.atom(one) for one in samples if one is not None), 0)
        return atoms | (mask >> self.cut.missing & 1) << column.cut.missing

    def words(self, mask: int) -> str:
        """The atoms as a cell, or as several that are parted by `or`; empty if the facts may be any."""
        return "" if mask & self.possible == self.possible else in_cells(self, mask, self.kind)

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
        """The values that only one of them takes and the other refuses: who takes them, box by box, apart.

        Cases in which a fact is missing that one of them needs are not compared: it may decide them all the
        same, if nothing hangs on it.
        """
        for who in ("old", "new"):
            done: list[int] = []
            for number, axis in enumerate(self.axes):
                own, other = (axis.old, axis.new) if who == "old" else (axis.new, axis.old)
                rest = [one.old if who == "old" else one.new for one in self.axes[number + 1 :]]
                if alone := own & ~other & axis.cut.present:
                    yield who, (*done, alone, *rest)
                done.append(own & other)

    def facts(self, box: Box) -> Mapping[str, JsonValue]:
        """The facts of one case in a box: a value rather than a missing one, and the plainest."""
        return {
            axis.name: axis.fact(next(bits(mask & ~(1 << axis.cut.missing) or mask)))
            for axis, mask in zip(self.axes, box, strict=True)
        }

    def atoms_of(self, box: Box, table: Table) -> Mapping[str, int]:
        """The atoms of a table's own columns that a box touches, by input."""
        parts = zip(self.axes, box, strict=True)
        return {
            axis.name: axis.within(mask, table.grid.columns[axis.name])
            for axis, mask in parts
            if axis.name in table.inputs
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
