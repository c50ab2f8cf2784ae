"""JSON that PostgreSQL and LangGraph can keep, whatever a caller sends."""

import math
from collections.abc import Iterator
from typing import Any, TypeVar

from server.errors import BadRequest

MAX_DEPTH = 64
_WHOLE_NUMBERS = range(-(2**63), 2**63)  # what a checkpoint's msgpack holds

JsonT = TypeVar("JsonT")


def check_plain(value: JsonT, *, field: str) -> JsonT:
    """Return the value if it can be kept.

    Raises:
        BadRequest: it is nested too deep, or holds text with NUL or lone surrogates, a number that is none,
            or an integer over 64 bits.
    """
    for part, depth in _walk(value):
        if reason := _unfit(part) or ("nested too deep" if depth > MAX_DEPTH else None):
            raise BadRequest(reason, field=field)
    return value


def _walk(value: Any) -> Iterator[tuple[Any, int]]:
    """Yield every part of a JSON value, keys too, with its depth."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, dict):
            waiting += [(item, depth + 1) for pair in part.items() for item in pair]
        elif isinstance(part, list):
            waiting += [(item, depth + 1) for item in part]


def _unfit(part: Any) -> str | None:
    match part:
        case str() if "\0" in part:
            return "text must not hold a NUL character"
        case str() if any("\ud800" <= character <= "\udfff" for character in part):
            return "text must not hold half a character (a lone surrogate)"
        case int() if part not in _WHOLE_NUMBERS:
            return "an integer over 64 bits; send it as text"
        case float() if not math.isfinite(part):
            return "not a number that JSON has"
    return None
