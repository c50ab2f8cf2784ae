"""The cells of a table: tests of one value, with no expression in them that could run.

| cell | holds for |
|---|---|
| `-` | anything, a missing value too |
| `missing` | a missing value, and nothing else |
| `EUR`, `= 5` | that value |
| `!= 5`, `< 5`, `<= 5`, `> 5`, `>= 5` | a value that compares so |
| `[1..5]`, `(1..5]`, `[1..5)`, `(1..5)` | a value between; a round bracket leaves the bound out |
| `{a, b}`, or the YAML list `[a, b]` | one of these |
| `a`, `{a, b}` for a set | a set with that word, or with one of these |
| `all(a, b)` for a set | a set with all of these, and maybe others |
| `not(...)` of any but `-` and `not` | a value that does not pass the inside; `not(a, b)` is `not({a, b})` |

A missing value passes `-` and `missing` alone: neither `!= 5` nor `not(5)` holds for it, so that nothing is
decided by what nobody knows.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rules.errors import NotAValue
from rules.values import RESERVED, SetType, Value, ValueType, shown

_COMPARES: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARISON = re.compile(r"(<=|>=|!=|<|>|=)\s*(.*)", re.DOTALL)


class Cell(Protocol):
    """A test of one value."""

    def holds(self, value: Value | None) -> bool:
        """Whether a value of the cell's type, or None for a missing one, passes."""


@dataclass(frozen=True)
class Anything:
    """`-`: no test at all."""

    def holds(self, value: Value | None) -> bool:
        return True


@dataclass(frozen=True)
class Missing:
    """`missing`: there is no value."""

    def holds(self, value: Value | None) -> bool:
        return value is None


@dataclass(frozen=True)
class Comparison:
    """A value beside a bound, such as `>= 250000`; a literal alone is `=`."""

    sign: str
    bound: Value

    def holds(self, value: Value | None) -> bool:
        return value is not None and _COMPARES[self.sign](value, self.bound)


@dataclass(frozen=True)
class Range:
    """A value between two bounds, such as `(1000..50000]`."""

    low: Comparison
    high: Comparison

    def holds(self, value: Value | None) -> bool:
        return self.low.holds(value) and self.high.holds(value)


@dataclass(frozen=True)
class OneOf:
    """One of several values."""

    values: tuple[Value, ...]

    def holds(self, value: Value | None) -> bool:
        return value in self.values


@dataclass(frozen=True)
class HasOneOf:
    """A set with at least one of these words."""

    words: frozenset[str]

    def holds(self, value: Value | None) -> bool:
        return isinstance(value, frozenset) and not self.words.isdisjoint(value)


@dataclass(frozen=True)
class HasAll:
    """A set with all of these words."""

    words: frozenset[str]

    def holds(self, value: Value | None) -> bool:
        return isinstance(value, frozenset) and self.words <= value


@dataclass(frozen=True)
class Not:
    """A value that is there and does not pass the inner test."""

    inner: Cell

    def holds(self, value: Value | None) -> bool:
        return value is not None and not self.inner.holds(value)


def parse_cell(text: str, kind: ValueType) -> Cell:
    """Read a cell of an input of this type.

    Raises:
        NotAValue: it is no test, or none that a value of this type could ever pass.
    """
    text = text.strip()
    if text == "-":
        return Anything()
    if text.startswith("not(") and text.endswith(")"):
        return Not(_negated(text.removeprefix("not(").removesuffix(")").strip(), kind))
    return _test(text, kind)


def one_of(texts: Sequence[str], kind: ValueType) -> Cell:
    """Read a set of literals.

    Raises:
        NotAValue: it is empty, names a value twice or one that is not of this type.
    """
    values = _distinct(texts, kind)
    return HasOneOf(frozenset(map(str, values))) if isinstance(kind, SetType) else OneOf(values)


def _distinct(texts: Sequence[str], kind: ValueType) -> tuple[Value, ...]:
    values = tuple(kind.literal(text.strip()) for text in texts)
    if not values:
        raise NotAValue("a set without a value holds for nothing")
    if len(set(values)) < len(values):
        raise NotAValue("a set names the same value twice")
    return values


def _negated(text: str, kind: ValueType) -> Cell:
    if "," in text and not text.startswith(("{", "all(")):
        return one_of(text.split(","), kind)
    return _test(text, kind)


def _test(text: str, kind: ValueType) -> Cell:
    if text == RESERVED:
        return Missing()
    if isinstance(kind, SetType):
        return _of_set(text, kind)
    if comparison := _COMPARISON.fullmatch(text):
        return _comparison(comparison[1], comparison[2], kind)
    if text[:1] in ("[", "(") and text[-1:] in ("]", ")"):
        return _range(text, kind)
    if text.startswith("{") and text.endswith("}"):
        return one_of(text[1:-1].split(","), kind)
    return Comparison("=", kind.literal(text))


def _of_set(text: str, kind: SetType) -> Cell:
    if text.startswith("all(") and text.endswith(")"):
        words = text.removeprefix("all(").removesuffix(")").split(",")
        return HasAll(frozenset(map(str, _distinct(words, kind))))
    return one_of(text[1:-1].split(",") if text[:1] == "{" and text[-1:] == "}" else [text], kind)


def _comparison(sign: str, text: str, kind: ValueType) -> Comparison:
    if sign not in ("=", "!=") and not kind.ordered:
        raise NotAValue(f"{sign!r} needs an order, and these values have none")
    return Comparison(sign, kind.literal(text))


def _range(text: str, kind: ValueType) -> Range:
    low, dots, high = text[1:-1].partition("..")
    if not dots:
        raise NotAValue(f"{shown(text)} is no range such as [1..5]; a set is written {{a, b}}")
    bounds = Range(
        _comparison(">=" if text[0] == "[" else ">", low.strip(), kind),
        _comparison("<=" if text[-1] == "]" else "<", high.strip(), kind),
    )
    if not _COMPARES["<"](bounds.low.bound, bounds.high.bound) and not bounds.holds(bounds.low.bound):
        raise NotAValue(f"{shown(text)} has nothing between its bounds")
    return bounds
