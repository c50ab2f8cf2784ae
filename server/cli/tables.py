"""Tables for people: ruled and coloured on a terminal, plain aligned text everywhere else."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import typer
from pydantic import BaseModel
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_SHORT_ID = 8
_LONGEST_WORD = 24
_STYLES = {
    "running": "cyan",
    "waiting": "yellow",
    "suspended": "magenta",
    "incident": "bold red",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "dim",
    "open": "yellow",
    "answered": "green",
    "withdrawn": "dim",
    "intended": "yellow",
    "done": "green",
    "refused": "red",
    "resolved": "green",
    "set": "yellow",
    "fired": "green",
    "started": "green",
    "queued": "yellow",
    "skipped": "dim",
    "missed": "red",
    "approved": "green",
    "changed": "bold red",
    "new": "yellow",
    "missing": "red",
    "twice": "red",
    "unpinned": "magenta",
}


class Id(str):
    """An id: on a terminal its beginning is enough, for that is all a person has to type."""

    __slots__ = ()


class Status(str):
    """A status word: on a terminal it has a colour."""

    __slots__ = ()


@dataclass(frozen=True)
class Grid:
    """Rows of cells; without headings it is a list of facts, a name and a value each."""

    rows: Sequence[tuple[str, ...]]
    headings: tuple[str, ...] = ()
    title: str = ""


def console_of() -> Console:
    """Return a console that prints text as it is: what stands in an invoice is no markup and no emoji."""
    return Console(markup=False, highlight=False, emoji=False)


def show(console: Console, grids: Iterable[Grid]) -> None:
    """Print the grids, one below the other."""
    for number, grid in enumerate(grids):
        if number:
            console.print()
        if console.is_terminal:
            console.print(_ruled(grid))
        else:
            for line in aligned(grid):
                console.out(line, highlight=False)


def present(model: BaseModel, grids: list[Grid], *, as_json: bool) -> None:
    """Print what the API answered: as its JSON, or as tables."""
    if as_json:
        typer.echo(model.model_dump_json(ensure_ascii=True))
    else:
        show(console_of(), grids)


def one_line(text: str) -> str:
    """Return text that moves no cursor and breaks no row, whatever it came with."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def aligned(grid: Grid) -> Iterator[str]:
    """Lay a grid out as lines of plain text, in full width and with full ids."""
    if grid.title:
        yield f"{grid.title}:"
    rows = [tuple(one_line(cell) for cell in row) for row in grid.rows]
    lines = [grid.headings, *rows] if grid.headings else rows
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _ruled(grid: Grid) -> Table:
    table = Table(
        title=grid.title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD if grid.headings else None,
        show_header=bool(grid.headings),
        pad_edge=False,
    )
    columns = list(zip(*grid.rows, strict=True)) or [()] * len(grid.headings)
    headings = grid.headings or ("",) * len(columns)
    for heading, column in zip(headings, columns, strict=True):
        table.add_column(heading, overflow="fold", no_wrap=all(map(_is_word, column)))
    for row in grid.rows:
        table.add_row(*map(_painted, row))
    return table


def _is_word(cell: str) -> bool:
    """Say whether breaking the cell in two would only make it harder to read."""
    return " " not in cell and (isinstance(cell, Id) or len(cell) <= _LONGEST_WORD)


def _painted(cell: str) -> Text:
    text = one_line(cell)
    match cell:
        case Id():
            return Text(text[:_SHORT_ID], style="bold")
        case Status():
            return Text(text, style=_STYLES.get(text, ""))
        case _:
            return Text(text)
