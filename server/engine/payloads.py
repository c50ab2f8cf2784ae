"""What callers hand in, inputs and answers, held against the limits of the process."""

from typing import TypeVar

from server.engine.limits import Limits
from server.engine.plain_json import NotPlain, TooManyBytes, check_plain
from server.errors import BadRequest, PayloadTooLarge

PayloadT = TypeVar("PayloadT")


def check_payload(value: PayloadT, *, field: str, limits: Limits) -> PayloadT:
    """Return the value if it is small enough and can be kept.

    Raises:
        PayloadTooLarge: it is over `payload_bytes`.
        BadRequest: it is nested deeper than `value_depth`, or a part of it, named by `field`, cannot be kept.
    """
    try:
        check_plain(value, max_bytes=limits.payload_bytes, max_depth=limits.value_depth)
    except TooManyBytes as error:
        raise PayloadTooLarge(f"the {field} has {error.reason}", field=field) from error
    except NotPlain as error:
        raise BadRequest(error.reason, field=".".join((field, *error.path))) from error
    return value
