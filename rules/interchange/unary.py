"""Unary tests as other engines write them, such as `not("a", "b")` or `]1..5]`, read as far as our cells go.

They are read by a scanner and a grammar without recursion, never evaluated: what is no literal, comparison,
range or list of these is refused with the text that has no counterpart here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from rules.errors import NotAValue
from rules.values import DateType, shown

LiteralKind = Literal["string", "number", "boolean", "date", "null"]

_LONGEST = 10_000
_COMMON = r"""
    (?P<number>-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,2})?(?!\w|\.\w))
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<word>(?:true|false|null|not)(?!\w))
  | (?P<sign><=|>=|!=|=|<|>)
  | (?P<mark>\.\.|[()\[\],])
  | (?P<blank>\s+)
"""


class Dialect(NamedTuple):
    """A language of cells, by its tokens."""

    name: str
    token: re.Pattern[str]


_FEEL_DATE = r"""(?P<date>(?:date\s*\(\s*"[^"]*"\s*\)|@"[^"]*")) | """
_ZEN_TOKENS = r"""(?P<single>'[^'\\]*') | (?P<equal>==) | """

FEEL = Dialect("FEEL", re.compile(_FEEL_DATE + _COMMON, re.VERBOSE))
ZEN = Dialect("ZEN", re.compile(_ZEN_TOKENS + _COMMON, re.VERBOSE))


class Literally(NamedTuple):
    """A literal: its kind and its text, as our cells write it."""

    kind: LiteralKind
    text: str


class Compared(NamedTuple):
    """A comparison with a literal; a literal alone is `=`."""

    sign: str
    literal: Literally


class Between(NamedTuple):
    """A range, by its two bounds."""

    low: Compared
    high: Compared


Test = Compared | Between


@dataclass(frozen=True)
class Tests:
    """One cell: it holds if one of the tests does, or none if it is negated; without any, always."""

    each: tuple[Test, ...]
    negated: bool = False

    def literals(self) -> Iterator[Literally]:
        for test in self.each:
            yield from (
                (test.literal,) if isinstance(test, Compared) else (test.low.literal, test.high.literal)
            )


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def read_tests(text: str, dialect: Dialect) -> Tests:
    """Read a cell of conditions. Raises `NotAValue`."""
    tokens = _scan(text, dialect)
    if not tokens:
        return Tests(())
    if [token.text for token in tokens[:2]] == ["not", "("] and tokens[-1].text == ")":
        return Tests(_tests(tokens[2:-1], text, dialect), negated=True)
    return Tests(_tests(tokens, text, dialect))


def read_literal(text: str, dialect: Dialect) -> Literally:
    """Read a cell that says one value. Raises `NotAValue`."""
    tokens = _scan(text, dialect)
    if len(tokens) != 1:
        raise NotAValue(
            f"{shown(text)} is no single literal, and {dialect.name} expressions are not carried over"
        )
    return _literal(tokens[0], dialect)


def is_null(test: Test) -> bool:
    """Whether a test is the literal null."""
    return isinstance(test, Compared) and test.sign == "=" and test.literal.kind == "null"


def _scan(text: str, dialect: Dialect) -> Sequence[_Token]:
    if text.strip() in ("", "-"):
        return ()
    if len(text) > _LONGEST:
        raise NotAValue(f"{shown(text)} is longer than {_LONGEST} characters")
    tokens, at = [], 0
    while at < len(text):
        match = dialect.token.match(text, at)
        if not match:
            rest = text[at:].strip()
            raise NotAValue(
                f"{shown(rest)} is a {dialect.name} expression that has no counterpart in our cells"
            )
        if match.lastgroup != "blank":
            tokens.append(_Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return tokens


def _tests(tokens: Sequence[_Token], text: str, dialect: Dialect) -> tuple[Test, ...]:
    """The tests between the commas; the commas of a range or a call are none of ours and were refused."""
    groups: list[list[_Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    return tuple(_test(group, text, dialect) for group in groups)


def _test(tokens: Sequence[_Token], text: str, dialect: Dialect) -> Test:
    match [token.kind for token in tokens]:
        case [_]:
            return Compared("=", _literal(tokens[0], dialect))
        case ["sign" | "equal", _]:
            return Compared(
                "=" if tokens[0].kind == "equal" else tokens[0].text, _literal(tokens[1], dialect)
            )
        case ["mark", _, "mark", _, "mark"] if tokens[2].text == "..":
            return _range(tokens, text, dialect)
    raise NotAValue(f"{shown(text)} is no literal, comparison, range or list of these")


def _range(tokens: Sequence[_Token], text: str, dialect: Dialect) -> Between:
    first, low, _, high, last = tokens
    if first.text not in "[(]" or last.text not in "])[":
        raise NotAValue(f"{shown(text)} is no range such as [1..5]")
    return Between(
        Compared(">=" if first.text == "[" else ">", _literal(low, dialect)),
        Compared("<=" if last.text == "]" else "<", _literal(high, dialect)),
    )


def _literal(token: _Token, dialect: Dialect) -> Literally:
    match token.kind:
        case "number":
            return Literally("number", _number(token.text))
        case "string":
            return Literally("string", re.sub(r"\\(.)", _unescaped, token.text[1:-1]))
        case "single":
            return Literally("string", token.text[1:-1])
        case "date":
            return Literally("date", _day(token.text))
        case "word" if token.text != "not":
            return Literally("null" if token.text == "null" else "boolean", token.text)
    raise NotAValue(f"{shown(token.text)} is no literal of {dialect.name}")


def _number(text: str) -> str:
    plain = format(Decimal(text), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _day(text: str) -> str:
    inside = text.split('"')[1]
    DateType().literal(inside)
    return inside


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] not in "\"\\'/ntr":
        raise NotAValue(f"{escape[0]} is no escape that is carried over")
    return {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1])
