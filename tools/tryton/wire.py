"""JSON as Tryton writes it: decimals and dates are objects that name their class."""

import datetime
import json
from decimal import Decimal
from typing import Any


def encoded(value: object) -> bytes:
    return json.dumps(value, default=_written).encode()


def decoded(text: bytes) -> Any:
    """Read an answer; numbers with a point become decimals, so that quantities stay what they are."""
    return json.loads(text, object_hook=_read, parse_float=Decimal)


def _written(value: object) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


def _read(found: dict[str, Any]) -> Any:
    kind = found.get("__class__")
    if kind == "Decimal":
        return Decimal(found["decimal"])
    if kind == "date":
        return datetime.date(found["year"], found["month"], found["day"])
    if kind == "timedelta":
        return datetime.timedelta(seconds=float(found["seconds"]))
    return found
