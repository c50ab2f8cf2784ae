"""A value between two others, to show a case with: as plain as there is one."""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal

from rules.values import DateType, IntegerType, Value, ValueType

_INTEGERS = 10**18  # what a fact can be lies below
_DECIMALS = Decimal(10**30)
_PLACES = 30
_EXACT = Context(prec=80)


def between(kind: ValueType, low: Value | None, high: Value | None) -> Value | None:
    """A value of an ordered type between two bounds, which are left out; None if there is none.

    A bound that is None is no bound.
    """
    if isinstance(kind, DateType):
        day = _whole(_ordinal(low), _ordinal(high), least=0, most=date.max.toordinal() + 1)
        return None if day is None else date.fromordinal(day)
    if isinstance(kind, IntegerType):
        return _whole(_number(low), _number(high), least=-_INTEGERS, most=_INTEGERS)
    return _decimal(_amount(low), _amount(high))


def _whole(low: int | None, high: int | None, *, least: int, most: int) -> int | None:
    above, below = least if low is None else low, most if high is None else high
    near = [0 if low is None else low + 1, 0 if high is None else high - 1, (above + below) // 2]
    return next((number for number in near if above < number < below), None)


def _decimal(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    above, below = -_DECIMALS if low is None else low, _DECIMALS if high is None else high
    near = _near(low, high, middle=_EXACT.divide(_EXACT.add(above, below), Decimal(2)))
    return next((number for number in near if above < number < below), None)


def _near(low: Decimal | None, high: Decimal | None, *, middle: Decimal) -> Iterator[Decimal]:
    yield Decimal(0) if low is None else _EXACT.add(low, Decimal(1))
    yield Decimal(0) if high is None else _EXACT.subtract(high, Decimal(1))
    for places in range(_PLACES + 1):
        yield middle.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR, context=_EXACT)


def _ordinal(day: Value | None) -> int | None:
    return day.toordinal() if isinstance(day, date) else None


def _number(value: Value | None) -> int | None:
    return value if isinstance(value, int) else None


def _amount(value: Value | None) -> Decimal | None:
    return value if isinstance(value, Decimal) else None
