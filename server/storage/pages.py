"""Cursors: where a page of rows, newest first, goes on."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from server.errors import BadRequest

Position = tuple[datetime, UUID]


def encode_cursor(position: Position) -> str:
    at, id_ = position
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Read what `encode_cursor` wrote.

    Raises:
        BadRequest: it is not one of ours.
    """
    try:
        at, id_ = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a position without a zone")
        return moment, UUID(id_)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequest("the cursor is not one that this list returned", field="cursor") from error
