"""JSON that PostgreSQL and LangGraph can keep: how large it is, and what in it they would refuse."""

import json
import math
from collections.abc import Iterator
from typing import Any

from langgraph.types import Interrupt, Send
from pydantic import BaseModel

_WHOLE_NUMBERS = range(-(2**63), 2**63)  # what a checkpoint's msgpack holds
_SUSPECTS = (rb"\u0000", b"NaN", b"Infinity")
_LONG_NUMBER = b"0" * 19
_DIGITS_AS_0 = bytes.maketrans(b"123456789", b"0" * 9)
_MAX_NAME = 50

Path = tuple[str, ...]


class NotPlain(ValueError):
    """A value that cannot be kept: `path` leads to the part that is to blame."""

    def __init__(self, reason: str, *, path: Path = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class TooManyBytes(NotPlain):
    """A value that could be kept if it were smaller."""


def check_plain(value: Any, *, max_bytes: int | None = None, max_depth: int | None = None) -> int:
    """Return how many bytes the value has as JSON in UTF-8, if it can be kept; None is no limit.

    A look at the text finds nearly every value innocent; only a suspect is looked through part by part.

    Raises:
        TooManyBytes: it is larger than `max_bytes`.
        NotPlain: it is nested deeper than `max_depth`, or holds text with NUL or lone surrogates, a number
            that is none, or an integer over 64 bits.
    """
    text = _encoded(value)
    data = text.encode(errors="surrogatepass")
    if max_bytes is not None and len(data) > max_bytes:
        raise TooManyBytes(f"{len(data):,} bytes; the limit is {max_bytes:,}")
    may_be_deep = max_depth is not None and text.count("[") + text.count("{") > max_depth
    if may_be_deep or _is_suspect(data):
        _search(value, max_depth=max_depth)
    return len(data)


def _is_suspect(data: bytes) -> bool:
    """Say whether the value may hold what cannot be kept; plain searches are faster than one pattern."""
    if any(word in data for word in _SUSPECTS) or _LONG_NUMBER in data.translate(_DIGITS_AS_0):
        return True
    return not data.isascii() and not _is_text(data)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:  # a lone surrogate
        return False
    return True


def _encoded(value: Any) -> str:
    try:
        return _ENCODER.encode(value)
    except RecursionError as error:
        raise NotPlain("nested too deep") from error
    except ValueError as error:
        raise NotPlain("contains itself") from error


def _opened(value: object) -> Any:
    """Stand in for what is no JSON: what a packet of LangGraph carries, a model's fields, else its text."""
    match value:
        case BaseModel():
            return value.model_dump()
        case Send():
            return value.arg
        case Interrupt():
            return value.value
    return str(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, skipkeys=True, separators=(",", ":"), default=_opened)


def _search(value: Any, *, max_depth: int | None) -> None:
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        while isinstance(part, BaseModel | Send | Interrupt):
            part = _opened(part)
        if max_depth is not None and len(path) > max_depth:
            raise NotPlain("nested too deep", path=path[:1])
        if reason := _unfit(part):
            raise NotPlain(reason, path=path)
        waiting += [((*path, name), inner) for name, inner in _parts(part, path=path)]


def _parts(part: Any, *, path: Path) -> Iterator[tuple[str, Any]]:
    match part:
        case dict():
            for name, inner in part.items():
                if reason := _unfit(name):
                    raise NotPlain(f"the name of a field: {reason}", path=path)
                yield str(name)[:_MAX_NAME], inner
        case list() | tuple():
            yield from ((str(index), inner) for index, inner in enumerate(part))


def _unfit(part: Any) -> str | None:
    match part:
        case str() if "\0" in part:
            return "text with a NUL character"
        case str() if not part.isascii() and not _is_text(part.encode(errors="surrogatepass")):
            return "text with half a character (a lone surrogate)"
        case int() if part not in _WHOLE_NUMBERS:
            return "an integer over 64 bits; use text"
        case float() if not math.isfinite(part):
            return "a number that JSON does not have"
    return None
