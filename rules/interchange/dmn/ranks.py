"""The order that DMN's PRIORITY and OUTPUT ORDER take from the lists of allowed output values."""

from collections.abc import Sequence

from rules.errors import NotAValue
from rules.interchange.columns import Column, Columns
from rules.interchange.unary import FEEL, read_literal

Rank = tuple[int, ...]  # what comes first in the lists ranks lowest, the first output counts most


def ranks_of(outputs: Sequence[Column], columns: Columns) -> list[Rank]:
    """The rank of each rule; an output without a list ranks nothing.

    Raises:
        NotAValue: no output lists its values, so nothing does.
    """
    listed = [(one, columns.values(one)) for one in outputs]
    if not any(values for _, values in listed):
        raise NotAValue("orders rules by the lists of output values, and no output has one")
    by_output = [[_place(cell.text, values) for cell in one.cells] for one, values in listed if values]
    return list(zip(*by_output, strict=True))


def priorities(ranks: Sequence[Rank]) -> list[str]:
    """Our priorities for these ranks, the highest for what ranks first."""
    distinct = sorted(set(ranks), reverse=True)
    return [str(distinct.index(rank) + 1) for rank in ranks]


def _place(text: str, values: Sequence[str]) -> int:
    try:
        return values.index(read_literal(text, FEEL).text)
    except (NotAValue, ValueError):  # the cell itself is refused where it is read
        return len(values)
