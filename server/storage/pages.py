"""Cursors: where a page of rows, newest first, goes on."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from server.errors import BadRequest

Position = tuple[datetime, UUID]
KeyPosition = tuple[datetime, str]


def encode_cursor(position: Position | KeyPosition) -> str:
    at, id_ = position
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Read what `encode_cursor` wrote of a row that has an id.

    Raises:
        BadRequest: it is not one of ours.
    """
    with _refused():
        moment, id_ = _parts(cursor)
        return moment, UUID(id_)


def decode_key_cursor(cursor: str) -> KeyPosition:
    """Read what `encode_cursor` wrote of a row that has a key of text.

    Raises:
        BadRequest: it is not one of ours.
    """
    with _refused():
        moment, key = _parts(cursor)
        if "\0" in key:
            raise ValueError("a key with NUL")
        return moment, key


def _parts(cursor: str) -> tuple[datetime, str]:
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    at, _, rest = text.partition(" ")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a position without a zone")
    return moment, rest


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequest("the cursor is not one that this list returned", field="cursor") from error
