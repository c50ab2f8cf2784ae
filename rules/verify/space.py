"""Looking for a case among all that facts can be: exact, by cutting the space until nothing of it is left.

A box holds for each column the classes of its atoms that are still in question; atoms that no row tells apart
are one class. A row that the box lies within but for one column leaves of that column what it does not cover.
Where that leads nowhere the box is split in two by a cell, so that as few rows as possible are in both.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import and_, or_

from rules.grid import Column, bits, runs

Box = tuple[int, ...]
Point = tuple[int, ...]  # a class for each column

_TRIED = (
    2  # cells of each column that may split a box; more find better splits, and take longer than they save
)


class OutOfBudget(Exception):
    """The search would have taken more boxes than it was given."""


class Axis:
    """One column, its atoms gathered into classes that no row tells apart.

    `rows` holds for each class the rows that it is in, `cells` for each row its classes.
    """

    def __init__(self, column: Column) -> None:
        classes: dict[int, list[int]] = {}
        for atom in bits(column.possible):
            classes.setdefault(column.rows[atom], []).append(atom)
        self.atoms = tuple(map(tuple, classes.values()))
        self.rows = tuple(classes)
        self.whole = (1 << len(self.rows)) - 1
        self.cells = _transposed(self.rows, height=len(column.cells))
        self._spans: dict[int, tuple[int, int]] = {}
        self._some = list(_doubled(self.rows, or_))
        self._every = list(_doubled(self.rows, and_))

    def span(self, classes: int) -> tuple[int, int]:
        """The rows that some of these classes are in, and those that all are; there is at least one class."""
        known = self._spans.get(classes)
        if known is None:
            some, every = 0, -1
            for start, end in runs(classes):
                level = (end - start).bit_length() - 1
                for first in (start, end - (1 << level)):
                    some |= self._some[level][first]
                    every &= self._every[level][first]
            known = self._spans[classes] = some, every
        return known

    def atoms_of(self, classes: int) -> int:
        """The atoms of these classes."""
        return sum(1 << atom for number in bits(classes) for atom in self.atoms[number])


class Space:
    """All cases of a table whose rows stand in the order of their precedence."""

    def __init__(self, columns: Sequence[Column], *, height: int, budget: int) -> None:
        self.axes = [Axis(column) for column in columns]
        self.whole: Box = tuple(axis.whole for axis in self.axes)
        self.boxes: list[Box] = [tuple(axis.cells[row] for axis in self.axes) for row in range(height)]
        self._budget = budget

    def meeting(self, box: Box) -> int:
        """The rows that fit some case of the box, which is not empty."""
        return reduce(and_, (axis.span(part)[0] for axis, part in zip(self.axes, box, strict=True)))

    def find(self, box: Box, rows: int, *, bad: int = 0) -> Point | None:
        """Find a case in the box that none of these rows fits, or the first that fits it is a bad one.

        Raises:
            OutOfBudget: it would take too many boxes to tell.
        """
        waiting = [(box, rows)] if all(box) else []
        search = _Search(self.axes, bad)
        for _ in range(self._budget):
            if not waiting:
                return None
            found = search.look(*waiting.pop())
            if isinstance(found, tuple):
                return found
            waiting += found
        raise OutOfBudget


class _Search:
    """One search: it looks at a box at a time."""

    def __init__(self, axes: Sequence[Axis], bad: int) -> None:
        self._axes = axes
        self._bad = bad

    def look(self, box: Box, rows: int) -> Point | list[tuple[Box, int]]:
        """A case, or the boxes, with their rows, that it must be in if it is in this one."""
        open_, twice = 0, 0  # the rows that the box does not lie within, by one column at least, and by two
        for axis, classes in zip(self._axes, box, strict=True):
            some, every = axis.span(classes)
            rows &= some
            twice |= open_ & ~every
            open_ |= ~every
        if certain := rows & ~open_:
            rows &= (certain & -certain) * 2 - 1  # those below have no say
            if not rows & self._bad:
                return []
        first, bad = rows & -rows, rows & self._bad
        if not rows or first & bad & ~open_:
            return tuple((classes & -classes).bit_length() - 1 for classes in box)
        shields = rows & ((bad & -bad) - 1)  # where one of them fits, no bad row above it does
        if units := shields & ~twice:
            return self._without(units, box, rows)
        return self._split(shields or first, box, rows)

    def _without(self, units: int, box: Box, rows: int) -> list[tuple[Box, int]]:
        """Leave out what these rows cover, each of which the box lies within but for one column."""
        left = list(box)
        for at, (axis, classes) in enumerate(zip(self._axes, box, strict=True)):
            for row in bits(units & ~axis.span(classes)[1]):
                left[at] &= ~axis.cells[row]
            if not left[at]:
                return []
        return [(tuple(left), rows)]

    def _split(self, candidates: int, box: Box, rows: int) -> list[tuple[Box, int]]:
        """Split the box by a cell of one of these rows; what lies without is looked at first."""
        cells = [(at, cell) for at, part in enumerate(box) for cell in self._cells(at, part, candidates)]
        at, cell = min(cells, key=lambda one: self._straddling(one[0], box[one[0]], one[1], rows))
        return [((*box[:at], part, *box[at + 1 :]), rows) for part in (cell, box[at] & ~cell)]

    def _cells(self, at: int, classes: int, candidates: int) -> Iterator[int]:
        """Cells that cut the column, of the lowest rows, which tend to be the broadest."""
        axis = self._axes[at]
        rows = candidates & ~axis.span(classes)[1]
        for _ in range(_TRIED):
            if rows:
                row = rows.bit_length() - 1
                rows ^= 1 << row
                yield axis.cells[row] & classes

    def _straddling(self, at: int, classes: int, cell: int, rows: int) -> int:
        """How many rows are on both sides of a cell."""
        axis = self._axes[at]
        return (rows & axis.span(cell)[0] & axis.span(classes & ~cell)[0]).bit_count()


def _doubled(rows: Sequence[int], join: Callable[[int, int], int]) -> Iterator[Sequence[int]]:
    """The rows of each class, then of each two neighbours joined, of each four and so on.

    Any stretch of classes is two of these that overlap, so that its length does not matter.
    """
    width = 1
    while rows:
        yield rows
        rows = [join(one, other) for one, other in zip(rows, rows[width:], strict=False)]
        width *= 2


def _transposed(rows: Sequence[int], *, height: int) -> tuple[int, ...]:
    """For each row the classes that it holds for."""
    cells = [0] * height
    for number, holders in enumerate(rows):
        for row in bits(holders):
            cells[row] |= 1 << number
    return tuple(cells)
