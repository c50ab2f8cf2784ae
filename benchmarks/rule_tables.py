"""Random tables for the benchmark of rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from rules import Table, parse_table

NUMBERS = ("amount", "price", "pieces", "days", "weight", "score")
WORDS = {
    "kind": tuple("abcde"),
    "region": tuple(f"r{n}" for n in range(12)),
    "risk": ("low", "mid", "high"),
    "unit": tuple(f"u{n}" for n in range(6)),
    "vendor": tuple(f"V{n}" for n in range(50)),
    "country": tuple(f"C{n}" for n in range(30)),
}
ROUTES = ("pay", "ask", "reject", "hold")

Facts = Mapping[str, int | str]


@dataclass(frozen=True)
class Span:
    """Whole numbers from one up to another, which is left out."""

    low: int
    high: int

    def draw(self, random: Random) -> int:
        return random.randrange(self.low, self.high)


@dataclass(frozen=True)
class Among:
    """Some words."""

    words: tuple[str, ...]

    def draw(self, random: Random) -> str:
        return random.choice(self.words)


Cell = Span | Among
Row = tuple[Mapping[str, Cell], str]


@dataclass(frozen=True)
class Rows:
    """A table: the first row that fits decides, and the last one fits anything."""

    inputs: tuple[str, ...]
    rows: tuple[Row, ...]

    def facts(self, random: Random, count: int) -> list[Facts]:
        """Facts that rows all over the table fit."""
        chosen = [random.choice(self.rows)[0] for _ in range(count)]
        return [{name: row.get(name, _any(name)).draw(random) for name in self.inputs} for row in chosen]

    def read(self) -> Table:
        kinds = {name: f"{{type: enum, values: [{', '.join(words)}]}}" for name, words in WORDS.items()}
        inputs = "".join(f"  {name}: {kinds.get(name, '{type: decimal}')}\n" for name in self.inputs)
        lines = (_line(number, row) for number, row in enumerate(self.rows))
        return parse_table(
            "id: bench\nversion: 1\nowner: Nobody\ntitle: Any\neffective: {from: 2026-01-01}\nhit: first\n"
            f"inputs:\n{inputs}outputs:\n  route: {{type: enum, values: [{', '.join(ROUTES)}]}}\n"
            f"rules:\n{''.join(lines)}"
        )


def draw_rows(random: Random, *, inputs: int, height: int, cells: int) -> Rows:
    """A table of so many inputs and rows, whose rows have so many cells."""
    names = tuple(name for pair in zip(NUMBERS, WORDS, strict=True) for name in pair)[:inputs]
    rows = [
        ({name: _some(random, name) for name in random.sample(names, cells)}, random.choice(ROUTES))
        for _ in range(height - 1)
    ]
    return Rows(names, (*rows, ({}, "hold")))


def _some(random: Random, name: str) -> Cell:
    if name in WORDS:
        return Among(tuple(random.sample(WORDS[name], max(1, len(WORDS[name]) // 4))))
    low = random.randrange(1500)
    return Span(low, low + random.randrange(100, 500))


def _any(name: str) -> Cell:
    return Among(WORDS[name]) if name in WORDS else Span(0, 2000)


def _line(number: int, row: Row) -> str:
    cells, route = row
    when = ", ".join(f'{name}: "{_cell(cell)}"' for name, cell in cells.items())
    return f"- {{id: R{number}, when: {{{when}}}, then: {{route: {route}}}, because: Reason {number}}}\n"


def _cell(cell: Cell) -> str:
    return f"[{cell.low}..{cell.high})" if isinstance(cell, Span) else f"{{{', '.join(cell.words)}}}"
