"""A part of the page on performance."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Section:
    """Its text, and its plots by file name."""

    text: str
    plots: dict[str, str] = field(default_factory=dict)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; the first column is text, the others are figures."""
    ruler = ["---", *["---:"] * (len(heads) - 1)]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in [heads, ruler, *rows])
