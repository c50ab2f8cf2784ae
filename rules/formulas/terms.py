"""A formula as it is worked out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rules.errors import NotAValue
from rules.formulas.functions import FUNCTIONS, Quantity
from rules.values import DateType, DecimalType, IntegerType, MoneyType, Value, ValueType, shown

_PLACES = 30  # of a result that has no end
_DECIMALS = 10**30  # what a decimal can be lies below
_INTEGERS = 10**18  # what an integer can be lies below
_OPERANDS = (DecimalType, IntegerType, DateType)  # money is a decimal


class Term(ABC):
    """A part of a formula that has a value."""

    @abstractmethod
    def type(self, inputs: Mapping[str, ValueType]) -> ValueType:
        """What it yields, with inputs of these types. Raises `NotAValue` if they do not go together."""

    @abstractmethod
    def value(self, values: Mapping[str, Value | None]) -> Quantity | None:
        """What it is worth, None if it is missing."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """The inputs that it needs."""


@dataclass(frozen=True)
class Number(Term):
    """A number as written."""

    quantity: Fraction
    kind: ValueType

    def type(self, inputs: Mapping[str, ValueType]) -> ValueType:
        return self.kind

    def value(self, values: Mapping[str, Value | None]) -> Quantity:
        return self.quantity

    def names(self) -> Iterator[str]:
        yield from ()


@dataclass(frozen=True)
class Operand(Term):
    """Another input of the table."""

    name: str

    def type(self, inputs: Mapping[str, ValueType]) -> ValueType:
        if self.name not in inputs:
            raise NotAValue(f"{shown(self.name)} is not an input")
        if not isinstance(inputs[self.name], _OPERANDS):
            raise NotAValue(f"{self.name!r} is nothing to calculate with")
        return inputs[self.name]

    def value(self, values: Mapping[str, Value | None]) -> Quantity | None:
        value = values[self.name]
        return Fraction(value) if isinstance(value, Decimal | int) else _day(value)

    def names(self) -> Iterator[str]:
        yield self.name


@dataclass(frozen=True)
class Call(Term):
    """A function, or a sign, with its operands."""

    function: str
    operands: tuple[Term, ...]

    def type(self, inputs: Mapping[str, ValueType]) -> ValueType:
        return FUNCTIONS[self.function].yields([one.type(inputs) for one in self.operands])

    def value(self, values: Mapping[str, Value | None]) -> Quantity | None:
        quantities = [one.value(values) for one in self.operands]
        if None in quantities:
            return None
        result: Quantity | None = FUNCTIONS[self.function].apply(*quantities)
        return result

    def names(self) -> Iterator[str]:
        for one in self.operands:
            yield from one.names()


@dataclass(frozen=True)
class Formula:
    """How an input is derived from others; `text` is as written."""

    text: str
    term: Term

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs that it needs, each once."""
        return tuple(dict.fromkeys(self.term.names()))

    def check(self, kind: ValueType, inputs: Mapping[str, ValueType]) -> None:
        """Make sure that it yields a value of this type from inputs of these types.

        Raises:
            NotAValue: it does not, or needs what is no input.
        """
        yields = self.term.type(inputs)
        if yields != kind and (yields, kind) != (IntegerType(), DecimalType()):
            raise NotAValue(f"{shown(self.text)} yields {_kind(yields)}, not {_kind(kind)}")

    def value(self, values: Mapping[str, Value | None], kind: ValueType) -> Value | None:
        """Work it out as a value of this type, which `check` has let pass; None if it is missing.

        Raises:
            NotAValue: it has more digits than a value of the type may have.
        """
        quantity = self.term.value(values)
        if not isinstance(quantity, Fraction):
            return quantity
        whole = isinstance(kind, IntegerType)
        if abs(quantity) >= (_INTEGERS if whole else _DECIMALS):
            raise NotAValue(f"{self.text} has too many digits")
        return int(quantity) if whole else _decimal(quantity)


def _day(value: Value | None) -> date | None:
    return value if isinstance(value, date) else None


def _decimal(quantity: Fraction) -> Decimal:
    """The fraction to 30 places.

    Of one without an end the last place is made such that it compares with all that has fewer places as the
    fraction does: it is cut, and a last place of 0 becomes 1.
    """
    scaled, rest = divmod(abs(quantity.numerator) * 10**_PLACES, quantity.denominator)
    if rest and scaled % 10 == 0:
        scaled += 1
    return Decimal(f"{'-' if quantity < 0 else ''}{scaled}E-{_PLACES}")


def _kind(kind: ValueType) -> str:
    if isinstance(kind, MoneyType):
        return f"money in {kind.currency}"
    return f"a value of type {type(kind).__name__.removesuffix('Type').lower()}"
