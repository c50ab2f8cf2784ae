"""JSON as servers send it, read without guessing.

Python's and the MCP client's own readers let pass what has no one meaning: NaN, a name that stands twice, a
number that a float cannot hold. Here each is refused, so that no amount becomes another one in silence.
And an answer that the MCP client would drop, to wait for another one, becomes an error of its request.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from mcp import types
from pydantic import JsonValue
from pydantic_core import from_json

from tools.words import quoted

# One answer; what is larger belongs into a document store, and its reference into the answer.
LARGEST_BYTES = 8 * 1024 * 1024
# What a server may send without being asked, within a minute or within the time of one answer.
MOST_UNASKED = 5_000

# Codes of our own for an answer that is lost and for one that cannot be used. No server may say them, or
# others of that range, or those by which the MCP client tells of a lost connection or a forgotten session.
LOST = -32097
UNUSABLE = -32095
OUR_CODES = {*range(-32099, -32089), types.CONNECTION_CLOSED, 32600}

# An id where no other one can stand: before everything else in a message, or after it.
FIRST_ID = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*,')
LAST_ID = re.compile(rb',\s*"id"\s*:\s*(\d{1,18})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


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


def usable(raw: bytes, *, request_id: str | int | None = None) -> bytes | None:
    """Return a server's message, or an error of ours in place of an answer that cannot be used.

    `request_id` says which request the message should answer, if it is an answer; None leaves it to the
    message. None comes back where no request can be made out: it is as if nothing had been sent.
    """
    try:
        message = read_json(raw)
    except Unreadable as error:
        return unusable(find_id(raw) if request_id is None else request_id, reason=str(error))
    if isinstance(message, dict) and "method" in message:
        return raw
    given = message.get("id") if isinstance(message, dict) else None
    if request_id is not None and str(given) != str(request_id):
        return unusable(request_id, reason="it does not answer the request")
    if not isinstance(message, dict) or not isinstance(given, str | int):
        return None
    if (flaw := _flaw(message)) is not None:
        return unusable(given, reason=flaw)
    told = message.get("error")
    if isinstance(told, dict) and told["code"] in OUR_CODES:
        return error_of(given, code=types.INTERNAL_ERROR, message=str(told["message"]))
    return raw


def unusable(request_id: str | int | None, *, reason: str) -> bytes | None:
    """Return the error that takes the place of an answer; None if nobody knows of what request."""
    return None if request_id is None else error_of(request_id, code=UNUSABLE, message=reason)


def error_of(request_id: str | int, *, code: int, message: str) -> bytes:
    """Return a JSON-RPC error."""
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}).encode()


def find_id(raw: bytes) -> int | None:
    """Find the id of a message that cannot be read, if it stands where no other one can."""
    found = FIRST_ID.match(raw) or LAST_ID.search(raw)
    return int(found[1]) if found else None


def _flaw(message: dict[str, JsonValue]) -> str | None:
    """Say what keeps an answer from being one of JSON-RPC."""
    if message.get("jsonrpc") != "2.0":
        return "it is not of JSON-RPC 2.0"
    if ("result" in message) == ("error" in message):
        return "it has both a result and an error, or neither"
    if "result" in message:
        return None if isinstance(message["result"], dict) else "its result is no object"
    error = message["error"]
    told = (
        isinstance(error, dict) and type(error.get("code")) is int and isinstance(error.get("message"), str)
    )
    return None if told else "its error has no code and message"
