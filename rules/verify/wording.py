"""Atoms as the text of a cell, for a case in words and for the cell that a table lacks."""

from typing import Protocol

from rules.cells import Cell, HasAll, HasOneOf, Not
from rules.cuts import Cut, Line, Sets, Words
from rules.grid import bits, runs
from rules.values import RESERVED, Value, ValueType, in_words


class Parted(Protocol):
    """An input as a column of a table has it: cut into atoms, some of which facts can have."""

    @property
    def cut(self) -> Cut: ...
    @property
    def possible(self) -> int: ...


_MOST = 4  # cells that are told of one column


def cell_of(column: Parted, atoms: int, kind: ValueType) -> str | None:
    """The cell that holds for these atoms and for no other possible ones, None if no single cell does."""
    cut = column.cut
    present = column.possible & cut.present
    if atoms == column.possible:
        return "-"
    if atoms >> cut.missing & 1:
        return None if atoms & present else "missing"
    if atoms == present:
        return "not(missing)"
    if isinstance(cut, Line):
        first, last = _ends(atoms)
        is_whole = present & ((2 << last) - (1 << first)) == atoms
        return _stretch(cut, atoms, present, kind) if is_whole else None
    if isinstance(cut, Sets):
        return _of_sets(cut, atoms)
    return _words(cut, atoms, present, kind) if isinstance(cut, Words) else None


def _stretch(cut: Line, atoms: int, present: int, kind: ValueType) -> str:
    first, last = _ends(atoms)
    least, most = _ends(present)
    low = None if first == least else _literal(cut.literals[(first - 1) // 2], kind)
    high = None if last == most else _literal(cut.literals[last // 2], kind)
    if high is None:
        return f">{'=' if first % 2 else ''} {low}"
    if low is None:
        return f"<{'=' if last % 2 else ''} {high}"
    if first == last and first % 2:
        return low
    return f"{'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"


def _words(cut: Words, atoms: int, present: int, kind: ValueType) -> str:
    if atoms >> cut.other & 1:
        return f"not({', '.join(_names(cut, present & ~atoms, kind))})"
    names = _names(cut, atoms, kind)
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"


def _of_sets(cut: Sets, atoms: int) -> str | None:
    sets = [cut.sample(atom) for atom in bits(atoms)]
    every, none = cut.words.intersection(*sets), cut.words.difference(*sets)
    some = cut.words.difference(*(cut.sample(atom) for atom in bits(cut.present & ~atoms)))
    cells: list[tuple[str, frozenset[str], Cell]] = [
        ("{%s}", some, HasOneOf(some)),
        ("all(%s)", every, HasAll(every)),
        ("not({%s})", none, Not(HasOneOf(none))),
    ]
    return next(
        (form % ", ".join(sorted(words)) for form, words, cell in cells if words and cut.mask(cell) == atoms),
        None,
    )


def _names(cut: Words, atoms: int, kind: ValueType) -> list[str]:
    values = [cut.sample(atom) for atom in bits(atoms)]
    return [_literal(value, kind) for value in values if value is not None]


def _literal(value: Value, kind: ValueType) -> str:
    plain = kind.plain(value)
    return str(plain["amount"]) if isinstance(plain, dict) else in_words(plain)


def _ends(atoms: int) -> tuple[int, int]:
    return (atoms & -atoms).bit_length() - 1, atoms.bit_length() - 1


def in_cells(column: Parted, atoms: int, kind: ValueType) -> str:
    """The cell that holds for these atoms, or cells that do together."""
    if text := cell_of(column, atoms, kind):
        return text
    cut, parts = column.cut, []
    present = atoms & cut.present
    if text := cell_of(column, present, kind):
        parts.append(text)
    elif isinstance(cut, Line):
        holes = ~column.possible & cut.present
        stretches = [(1 << end) - (1 << start) for start, end in runs(present | holes)]
        parts += [
            _stretch(cut, one & present, column.possible & cut.present, kind)
            for one in stretches
            if one & present
        ]
    else:
        parts += [_literal(value, kind) for atom in bits(present) if (value := cut.sample(atom)) is not None]
    parts += [RESERVED] * (atoms >> cut.missing)
    rest = ["others"] if len(parts) > _MOST else []
    return " or ".join([*parts[:_MOST], *rest])
