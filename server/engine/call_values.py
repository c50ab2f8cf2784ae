"""What a call says of itself, where something is decided by it: texts and amounts, or no call at all."""

import re
from decimal import Decimal

from pydantic import JsonValue

from tools.contracts import pick
from tools.errors import NotAllowed
from tools.ports import Call

AMOUNT = r"[0-9]{1,15}(\.[0-9]{1,6})?"
LONGEST_TEXT = 200  # PostgreSQL keeps it in an index


def text_at(call: Call, path: str, *, why: str) -> str:
    """Return the text, or the whole number as text, at a path of the call.

    Raises:
        NotAllowed: nothing usable stands there; `why` says what it is needed for.
    """
    value = _value_at(call, path, why=why)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
        raise _refusal(call, f"{path} is no text of up to {LONGEST_TEXT} characters", why=why)
    return text


def amount_at(call: Call, path: str, *, why: str) -> Decimal:
    """Return the amount at a path of the call.

    A sign or an exponent is refused: what the tool makes of one, nobody here knows.

    Raises:
        NotAllowed: no plain amount above zero stands there; `why` says what it is needed for.
    """
    value = _value_at(call, path, why=why)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if is_number else value
    if not isinstance(text, str) or not re.fullmatch(AMOUNT, text) or not Decimal(text):
        raise _refusal(call, f"{path} is no amount above 0", why=why)
    return Decimal(text)


def _value_at(call: Call, path: str, *, why: str) -> JsonValue:
    try:
        return pick({"arguments": call.arguments}, path)
    except LookupError as error:
        raise _refusal(call, f"it has no {error}", why=why) from error


def _refusal(call: Call, what: str, *, why: str) -> NotAllowed:
    return NotAllowed(f"{call.server}.{call.tool} is not allowed: {what}, which is needed {why}")
