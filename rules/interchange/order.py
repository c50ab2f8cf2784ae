"""Tables in an order in which each can be read: what is asked comes first."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from rules.errors import NotAValue

_MOST = 200


def in_order(wanted: Iterable[str], asks: Mapping[str, Sequence[str]]) -> list[str]:
    """These, and those that they ask by way of others, each after what it asks.

    Raises:
        NotAValue: some ask each other in a circle, or they are more than anybody has in one file.
    """
    needed: dict[str, Sequence[str]] = {}
    left = [*wanted]
    while left:
        name = left.pop()
        if name not in needed:
            needed[name] = asks[name]
            left += asks[name]
    if len(needed) > _MOST:
        raise NotAValue(f"there are {len(needed)} tables; at most {_MOST} are read from one file")
    try:
        return list(TopologicalSorter(needed).static_order())
    except CycleError as error:
        raise NotAValue(f"{', '.join(error.args[1])} ask each other in a circle") from error
