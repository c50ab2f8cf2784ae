"""An input's values cut into atoms: no cell of its column tells two values of one atom apart.

The literals of a column cut an ordered type into points and the open stretches between them, and any other
type into single values and, if the list of values is open, all the rest; sets of words fall into the ways to
have some of the words that occur and not the others. A set of atoms is a bit mask, and so
is a cell: the atoms that it holds for. A missing value is the last atom.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from rules.cells import Anything, Cell, Comparison, HasAll, HasOneOf, Missing, Not, OneOf, Range
from rules.samples import between
from rules.values import BooleanType, CodeType, EnumType, SetType, Value, ValueType


class Cut(ABC):
    """How one column's values fall into atoms, numbered from 0; `missing` is the number of the last."""

    missing: int

    @property
    def everything(self) -> int:
        """The mask of all atoms."""
        return (2 << self.missing) - 1

    @property
    def present(self) -> int:
        """The mask of all atoms but the missing value's."""
        return (1 << self.missing) - 1

    @abstractmethod
    def atom(self, value: Value) -> int:
        """The atom of a value."""

    @abstractmethod
    def sample(self, atom: int) -> Value | None:
        """A value of the atom, None if there is none between its bounds."""

    @abstractmethod
    def compared(self, sign: str, bound: Value) -> int:
        """The atoms whose values compare so with a literal of the column."""

    def mask(self, cell: Cell) -> int:
        """The atoms that a cell of the column holds for."""
        match cell:
            case Anything():
                return self.everything
            case Missing():
                return 1 << self.missing
            case Comparison(sign, bound):
                return self.compared(sign, bound)
            case Range(low, high):
                return self.mask(low) & self.mask(high)
            case OneOf(values):
                return reduce(or_, (self.compared("=", value) for value in values))
            case Not(inner):
                return self.present & ~self.mask(inner)
        raise TypeError(f"{type(cell).__name__} is no cell that a column can be cut by")


class Line(Cut):
    """Values with an order: stretch 0, literal 1, stretch 2, literal 3 and so on."""

    def __init__(self, kind: ValueType, literals: Iterable[Value]) -> None:
        self._kind = kind
        self.literals: list[Value] = sorted(set(literals))
        self.missing = 2 * len(self.literals) + 1

    def atom(self, value: Value) -> int:
        at = bisect_left(self.literals, value)
        return 2 * at + (at < len(self.literals) and self.literals[at] == value)

    def sample(self, atom: int) -> Value | None:
        at = atom // 2
        if atom % 2:
            return self.literals[at]
        low = self.literals[at - 1] if at else None
        high = self.literals[at] if at < len(self.literals) else None
        return between(self._kind, low, high)

    def compared(self, sign: str, bound: Value) -> int:
        point = 1 << self.atom(bound)
        below = point - 1
        above = self.present & ~(point | below)
        return {
            "=": point,
            "!=": below | above,
            "<": below,
            "<=": below | point,
            ">": above,
            ">=": above | point,
        }[sign]


class Words(Cut):
    """Values without an order, one an atom; with an open list the last atom but one is any other value."""

    def __init__(self, values: Iterable[Value], *, is_open: bool) -> None:
        self._values = list(dict.fromkeys(values))
        self._atoms = {value: atom for atom, value in enumerate(self._values)}
        self.other = len(self._values)
        self.missing = len(self._values) + is_open

    def atom(self, value: Value) -> int:
        return self._atoms.get(value, self.other)

    def sample(self, atom: int) -> Value | None:
        if atom < self.other:
            return self._values[atom]
        return next(word for word in _other_words() if word not in self._atoms)

    def compared(self, sign: str, bound: Value) -> int:
        point = 1 << self.atom(bound)
        return point if sign == "=" else self.present & ~point


class Sets(Cut):
    """Sets of words: an atom is one way to have some of the column's words and not the others."""

    def __init__(self, words: Iterable[str]) -> None:
        self._bits = {word: 1 << number for number, word in enumerate(sorted(words))}
        self.words = frozenset(self._bits)
        self.missing = 1 << len(self.words)

    def atom(self, value: Value) -> int:
        words = value if isinstance(value, frozenset) else ()
        return sum(self._bits.get(word, 0) for word in words)

    def sample(self, atom: int) -> frozenset[str]:
        return frozenset(word for word, bit in self._bits.items() if atom & bit)

    def compared(self, sign: str, bound: Value) -> int:
        raise TypeError("sets have no order, and no cell compares them")

    def mask(self, cell: Cell) -> int:
        match cell:
            case HasOneOf(words):
                wanted = self.atom(words)
                return sum(1 << atom for atom in range(self.missing) if atom & wanted)
            case HasAll(words):
                wanted = self.atom(words)
                return sum(1 << atom for atom in range(self.missing) if atom & wanted == wanted)
        return super().mask(cell)


def cut(kind: ValueType, cells: Sequence[Cell]) -> Cut:
    """Cut the values of a type by the literals of these cells."""
    literals = {literal for cell in cells for literal in literals_of(cell)}
    match kind:
        case BooleanType():
            return Words((False, True), is_open=False)
        case EnumType(values):
            return Words(values, is_open=False)
        case SetType():
            return Sets(map(str, literals))
        case CodeType():
            return Words(sorted(map(str, literals)), is_open=True)
    return Line(kind, literals)


def literals_of(cell: Cell) -> Iterator[Value]:
    """The values that a cell names."""
    match cell:
        case Comparison(_, bound):
            yield bound
        case Range(low, high):
            yield from (low.bound, high.bound)
        case OneOf(values):
            yield from values
        case HasOneOf(words) | HasAll(words):
            yield from words
        case Not(inner):
            yield from literals_of(inner)


def _other_words() -> Iterator[str]:
    yield "OTHER"
    number = 1
    while True:
        number += 1
        yield f"OTHER-{number}"
