"""The values that cross the ERP's border: amounts, quantities, dates, numbers, names.

Amounts are text like "1234.50" outside and whole minor units inside. Every currency that the ERP knows
has two decimals.
"""

import hashlib
import json
import re
import unicodedata
from datetime import date as Date  # noqa: N812  `date` is the name of a parameter of several tools
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

CENT = Decimal("0.01")

Kind = Literal["invoice", "credit_note"]
Despite = Literal["over_received"]


def calendar_date(text: str) -> str:
    """Return `text` if it is a day of the calendar, else raise a ValueError."""
    Date.fromisoformat(text)
    return text


def calendar_date_or_nothing(text: str) -> str:
    return text and calendar_date(text)


Amount = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?$", examples=["1234.50"])]
SignedAmount = Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$", examples=["-1234.50"])]
Quantity = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["2.5"])]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(calendar_date)]
OptionalAmount = Annotated[str, Field(pattern=r"^([0-9]{1,12}(\.[0-9]{1,2})?)?$")]
OptionalCurrency = Annotated[str, Field(pattern=r"^([A-Z]{3})?$")]
OptionalDay = Annotated[
    str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"), AfterValidator(calendar_date_or_nothing)
]
Text = Annotated[str, Field(max_length=200)]
Number = Annotated[str, Field(min_length=1, max_length=100)]


class BilledLine(BaseModel):
    """How much of one line of an order an invoice bills, or a credit note takes back."""

    model_config = ConfigDict(extra="forbid")

    order_line: Annotated[int, Field(ge=1)]
    quantity: Quantity


def minor(amount: str) -> int:
    """Read an amount as minor units: "1234.5" is 123450."""
    return int(Decimal(amount) * 100)


def amount_text(units: int) -> str:
    return str(Decimal(units).scaleb(-2).quantize(CENT))


def converted(units: int, rate: Decimal) -> int:
    """Convert minor units, rounded half up to whole ones."""
    return int((units * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def quantity_text(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def entry_text(entry: int) -> str:
    return f"JE-{entry:06d}"


def find_entry_id(number: str) -> int | None:
    """Return the id of an entry of ours; None for a number that is none."""
    return int(number[3:]) if re.fullmatch(r"JE-[0-9]{6,12}", number) else None


def letters_and_digits(text: str) -> str:
    """Reduce a name or number to what people compare: its letters and digits, in upper case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).upper()))


def number_key(number: str) -> str:
    """Reduce an invoice number to what makes two of them the same; nothing is left without letter or digit.

    "RE 2026/0117" and "re2026-117" are one number, "RE2026-117": case does not count, nor what separates,
    nor zeros in front of letters or digits, because senders pad. Between two digits it counts that something
    separates them: "11-1" is not "1-11".
    """
    spaced = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", number).upper())
    joined = re.sub(r"(?<=\d) (?=\d)", "-", spaced).replace(" ", "")
    return re.sub(r"^0+(?=[^\W\d])|(?<!\d)0+(?=\d)", "", joined)


def year(date: str) -> str:
    return date[:4]


def digest(arguments: dict[str, JsonValue]) -> str:
    """Tell two calls with one key apart."""
    canonical = json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
