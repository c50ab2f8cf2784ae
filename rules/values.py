"""The types of inputs: what a cell may say of them and how a fact arrives as JSON.

A value has one form in JSON, and every other form is refused rather than understood: a decimal is plain text
(`"1200.00"`), money an object (`{"amount": "1200.00", "currency": "EUR"}`), a date ISO text, an integer and a
boolean themselves, a set a list of distinct words. A float is exact nowhere, and text without a currency is
an amount of nobody knows what.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from rules.errors import NotAValue

JsonValue = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None
Value = Decimal | int | date | bool | str | frozenset[str]  # what cells test; a missing value is None

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*")
_LETTERS = "A-Za-z0-9À-ÖØ-öø-ɏ"  # Latin, and digits
_PART = rf"[{_LETTERS}](?:[{_LETTERS}_-]|\.(?!\.))*"
WORD = re.compile(rf"{_PART}(?: {_PART})*")  # a value as people say it, such as `Very high`
RESERVED = "missing"  # in a cell it means that there is no value, so no value may be called so

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_SHOWN = 60


class ValueType(ABC):
    """How values of one type are read from a cell and from a fact, and written back as JSON."""

    ordered: ClassVar[bool] = False  # whether `<` and ranges make sense

    @abstractmethod
    def literal(self, text: str) -> Value:
        """Read a literal of a cell. Raises `NotAValue`."""

    def fact(self, raw: object) -> Value:
        """Read a fact that is not missing. Raises `NotAValue`."""
        if not isinstance(raw, str):
            raise NotAValue(f"{shown(raw)} is not text")
        return self.literal(raw)

    def plain(self, value: Value) -> JsonValue:
        """Write a value as JSON, equal values alike."""
        if isinstance(value, Decimal):
            return _digits(value)
        if isinstance(value, frozenset):
            return [*sorted(value)]
        return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class DecimalType(ValueType):
    """An exact number: digits with a point, no exponent, no grouping."""

    ordered = True

    def literal(self, text: str) -> Decimal:
        if not _DECIMAL.fullmatch(text):
            raise NotAValue(f"{shown(text)} is not a decimal such as 1200.00")
        return Decimal(text)


@dataclass(frozen=True)
class MoneyType(DecimalType):
    """An amount in one stated currency; cells give the bare amount."""

    currency: str

    def fact(self, raw: object) -> Value:
        if not isinstance(raw, dict) or raw.keys() != {"amount", "currency"}:
            raise NotAValue(f"{shown(raw)} is not an amount with its currency")
        if raw["currency"] != self.currency:
            raise NotAValue(f"{shown(raw['currency'])} is not the currency {self.currency}")
        return super().fact(raw["amount"])

    def plain(self, value: Value) -> JsonValue:
        return {"amount": super().plain(value), "currency": self.currency}


@dataclass(frozen=True)
class IntegerType(ValueType):
    """A whole number of at most 18 digits."""

    ordered = True

    def literal(self, text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise NotAValue(f"{shown(text)} is not a whole number of at most 18 digits")
        return int(text)

    def fact(self, raw: object) -> int:
        if type(raw) is not int or abs(raw) >= 10**18:  # to isinstance a bool is an int
            raise NotAValue(f"{shown(raw)} is not a whole number of at most 18 digits")
        return raw


@dataclass(frozen=True)
class DateType(ValueType):
    """A day, as 2026-10-31."""

    ordered = True

    def literal(self, text: str) -> date:
        if not DATE.fullmatch(text):  # fromisoformat also reads weeks and days without dashes
            raise NotAValue(f"{shown(text)} is not a date such as 2026-10-31")
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise NotAValue(f"{shown(text)} is not a day of the calendar") from error


@dataclass(frozen=True)
class BooleanType(ValueType):
    """True or false, never a word or a number for it."""

    def literal(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise NotAValue(f"{shown(text)} is neither true nor false")
        return text == "true"

    def fact(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise NotAValue(f"{shown(raw)} is neither true nor false")
        return raw


@dataclass(frozen=True)
class EnumType(ValueType):
    """One of the words that the table lists."""

    values: tuple[str, ...]

    def literal(self, text: str) -> str:
        if text not in self.values:
            raise NotAValue(f"{shown(text)} is none of {', '.join(self.values)}")
        return text


@dataclass(frozen=True)
class SetType(ValueType):
    """Any number of the words that the table lists, none as well; a literal is one of them."""

    values: tuple[str, ...]

    def literal(self, text: str) -> str:
        return EnumType(self.values).literal(text)

    def fact(self, raw: object) -> frozenset[str]:
        if not isinstance(raw, list):
            raise NotAValue(f"{shown(raw)} is not a list of words")
        words = frozenset(str(EnumType(self.values).fact(word)) for word in raw)
        if len(words) < len(raw):
            raise NotAValue("a set names the same word twice")
        return words


@dataclass(frozen=True)
class TextType(ValueType):
    """Words for people, which no cell tests."""

    def literal(self, text: str) -> str:
        if not text:
            raise NotAValue("'' is none of the texts that say something")
        return text


@dataclass(frozen=True)
class CodeType(ValueType):
    """A code from a list that the table does not hold, such as a currency's; case matters."""

    def literal(self, text: str) -> str:
        if not NAME.fullmatch(text) or text == RESERVED:
            raise NotAValue(f"{shown(text)} is not a code of letters and digits")
        return text


def currency_code(text: str) -> str:
    """Read the code of a currency, as ISO 4217 writes them. Raises `NotAValue`."""
    if not CURRENCY.fullmatch(text):
        raise NotAValue(f"{shown(text)} is not a currency such as EUR")
    return text


def in_words(value: JsonValue) -> str:
    """Write a value that was read as people do: `1000 EUR`, `{a, b}`, `missing`."""
    if value is None:
        return RESERVED
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    if isinstance(value, list):
        return f"{{{', '.join(map(in_words, value))}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(raw: object) -> str:
    """Show what was read in a message: quoted, escaped and cut, so that it is safe in any log."""
    if isinstance(raw, str):
        cut = raw if len(raw) <= _LONGEST_SHOWN else raw[:_LONGEST_SHOWN] + "…"
        return repr(cut)
    if raw is None or isinstance(raw, bool | float):
        return f"{type(raw).__name__} {raw}"
    return f"a value of type {type(raw).__name__}"


def _digits(value: Decimal) -> str:
    # Not normalize(): it rounds to the precision of the thread's context.
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
