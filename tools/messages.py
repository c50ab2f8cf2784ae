"""JSON as servers send it, read without guessing.

Python's and the MCP client's own readers let pass what has no one meaning: NaN, a name that stands twice, a
number that a float cannot hold. Here each is refused, so that no amount becomes another one in silence.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pydantic import JsonValue
from pydantic_core import from_json

from tools.words import quoted

# One answer; what is larger belongs into a document store, and its reference into the answer.
LARGEST_BYTES = 8 * 1024 * 1024


class Unreadable(ValueError):
    """It is no JSON with one meaning; says why."""


def read_json(raw: bytes) -> JsonValue:
    """Read JSON with one meaning.

    Raises:
        Unreadable: it is something else, or is nested deeper than about 200 levels.
    """
    try:
        from_json(raw)  # bounds the depth, which what follows does not
        value: JsonValue = json.loads(
            raw, parse_float=_exact, parse_constant=_refuse_constant, object_pairs_hook=_single_names
        )
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(f"it is no JSON: {quoted(str(error))}") from error
    return value


def _exact(text: str) -> float:
    """Return the float that a text writes out in one of the usual ways: shortest, in 17 digits or in full."""
    value = float(text)
    if repr(value) == text:
        return value
    try:
        written = Decimal(text)
        if written in (Decimal(repr(value)), Decimal(f"{value:.17g}"), Decimal(value)):
            return value
    except InvalidOperation:
        pass
    raise Unreadable(f"no float holds {quoted(text)}; amounts are texts")


def _refuse_constant(text: str) -> NoReturn:
    raise Unreadable(f"{text} is no number")


def _single_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"{quoted(twice)} stands twice in one object")
    return value
