"""What the signs and functions of formulas take, yield and do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from rules.errors import NotAValue
from rules.values import DateType, DecimalType, IntegerType, MoneyType, ValueType

Quantity = Fraction | date  # what is worked with: numbers and amounts are fractions, so nothing is lost

_DECIMAL, _INTEGER, _DATE = DecimalType(), IntegerType(), DateType()


@dataclass(frozen=True)
class Function:
    """A function of `arity` operands, or of two and more; `yields` refuses types that it does not take.

    `apply` gets what `yields` let pass, and answers None where there is no result.
    """

    arity: int | None
    yields: Callable[[Sequence[ValueType]], ValueType]
    apply: Callable[..., Any]


def _alike(kinds: Sequence[ValueType]) -> ValueType:
    """Numbers, or values of one type."""
    if all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    if all(kind in (_INTEGER, _DECIMAL) for kind in kinds):
        return _DECIMAL
    raise NotAValue(f"{_names(kinds)} are not of one kind")


def _amounts(kinds: Sequence[ValueType]) -> ValueType:
    kind = _alike(kinds)
    if kind == _DATE:
        raise NotAValue("a date is no number; days(a, b) counts the days between two")
    return kind


def _product(kinds: Sequence[ValueType]) -> ValueType:
    money = [kind for kind in kinds if isinstance(kind, MoneyType)]
    if len(money) > 1:
        raise NotAValue("money times money is nothing that has a unit")
    return money[0] if money and _DATE not in kinds else _amounts(kinds)


def _quotient(kinds: Sequence[ValueType]) -> ValueType:
    whole, part = kinds
    if isinstance(whole, MoneyType) and part in (_INTEGER, _DECIMAL):
        return whole
    _amounts(kinds)
    return _DECIMAL


def _days_between(kinds: Sequence[ValueType]) -> ValueType:
    if any(kind != _DATE for kind in kinds):
        raise NotAValue(f"days(a, b) takes two dates and not {_names(kinds)}")
    return _INTEGER


def _rounded(kinds: Sequence[ValueType]) -> ValueType:
    return _amounts(kinds[:1])


def _divide(whole: Fraction, part: Fraction) -> Fraction | None:
    return whole / part if part else None


def _round(number: Fraction, places: Fraction) -> Fraction:
    scale = 10 ** int(places)
    scaled = floor(abs(number) * scale + Fraction(1, 2))
    return Fraction(scaled if number >= 0 else -scaled, scale)


def _days(start: date, end: date) -> Fraction:
    return Fraction((end - start).days)


def _names(kinds: Sequence[ValueType]) -> str:
    names = (kind.currency if isinstance(kind, MoneyType) else _name(kind) for kind in kinds)
    return " and ".join(names)


def _name(kind: ValueType) -> str:
    return type(kind).__name__.removesuffix("Type").lower()


FUNCTIONS: Mapping[str, Function] = {
    "+": Function(2, _amounts, lambda one, other: one + other),
    "-": Function(2, _amounts, lambda one, other: one - other),
    "*": Function(2, _product, lambda one, other: one * other),
    "/": Function(2, _quotient, _divide),
    "negative": Function(1, _amounts, lambda number: -number),
    "min": Function(None, _alike, min),
    "max": Function(None, _alike, max),
    "abs": Function(1, _amounts, abs),
    "round": Function(2, _rounded, _round),
    "days": Function(2, _days_between, _days),
}
