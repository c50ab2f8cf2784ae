"""A table as masks: what is executed is what is verified.

Every column cuts its values into atoms. A cell is the mask of the atoms that it holds for, and an atom has
the mask of the rows whose cells hold for it; a row fits facts if its bit is in the masks of all their atoms.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from operator import xor

from rules.cells import Cell
from rules.cuts import Cut
from rules.values import Value


class Column:
    """The cells of one input, from the first row to the last.

    `cells` holds a mask of atoms for each row, `rows` a mask of rows for each atom. `possible` are the atoms
    that facts can have: those with a value in the input's domain, and the missing one of an optional input.
    """

    def __init__(self, cut: Cut, cells: Sequence[Cell], *, optional: bool, domain: Cell) -> None:
        self.cut = cut
        masks = {cell: cut.mask(cell) for cell in {*cells, domain}}
        empty = sum(1 << atom for atom in range(cut.missing) if cut.sample(atom) is None)
        self.possible = cut.present & masks[domain] & ~empty | optional << cut.missing
        self.cells = tuple(masks[cell] for cell in cells)
        self.rows = _transposed(self.cells, width=cut.missing + 1)

    def fitting(self, value: Value | None) -> int:
        """The rows whose cell holds for a value."""
        return self.rows[self.cut.missing if value is None else self.cut.atom(value)]


class Grid:
    """All columns of a table, by the name of the input."""

    def __init__(self, columns: Mapping[str, Column], *, height: int) -> None:
        self.columns = columns
        self.all_rows = (1 << height) - 1

    def fitting(self, values: Mapping[str, Value | None]) -> list[int]:
        """The numbers of the rows that fit, from the first to the last."""
        rows = self.all_rows
        for name, column in self.columns.items():
            rows &= column.fitting(values[name])
        return list(bits(rows))


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """The stretches of bits that are set, each as its first and the one after its last."""
    start = 0
    while mask:
        zeros = (mask & -mask).bit_length() - 1
        mask >>= zeros
        ones = (~mask & (mask + 1)).bit_length() - 1
        start += zeros
        yield start, start + ones
        start += ones
        mask >>= ones


def _transposed(cells: Sequence[int], *, width: int) -> tuple[int, ...]:
    """For each atom the rows that hold for it."""
    rows: dict[int, int] = {}
    for number, cell in enumerate(cells):
        rows[cell] = rows.get(cell, 0) | 1 << number
    changes = [0] * (width + 1)
    for cell, holders in rows.items():
        for start, end in runs(cell):
            changes[start] ^= holders
            changes[end] ^= holders
    return tuple(accumulate(changes[:width], xor))
