"""From the text of a formula to the formula; length and depth are bounded, and so is the time it takes."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from rules.errors import NotAValue
from rules.formulas.functions import FUNCTIONS
from rules.formulas.terms import Call, Formula, Number, Operand, Term
from rules.values import DecimalType, IntegerType, MoneyType, ValueType, shown

_LONGEST = 300
_DEEPEST = 16
_MOST_PLACES = 12
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,30}(?:\.[0-9]{1,30})?)(?:\s+(?P<currency>[A-Z]{3})\b)?"
    r"|(?P<name>[A-Za-z](?:[A-Za-z0-9_-]|\.(?!\.))*)"
    r"|(?P<sign>[-+*/(),]))"
)


def parse_formula(text: str) -> Formula:
    """Read a formula; which inputs there are, and of which types, is `Formula.check`'s to say.

    Raises:
        NotAValue: it is none, or longer or deeper than a formula may be.
    """
    if len(text) > _LONGEST:
        raise NotAValue(f"is longer than {_LONGEST} characters")
    return Formula(text, _Reader(_tokens(text)).formula())


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if not token:
            raise NotAValue(f"{shown(text[at:].strip())} is no part of a formula")
        tokens.append(token)
        at = token.end()
    return tokens


class _Reader:
    """Reads the tokens from left to right: sums of products of factors."""

    def __init__(self, tokens: Sequence[re.Match[str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def formula(self) -> Term:
        term = self._sum()
        if self._at < len(self._tokens):
            raise NotAValue(f"{shown(self._next())} stands where the formula should end")
        return term

    def _sum(self) -> Term:
        term = self._product()
        while self._next() in ("+", "-"):
            term = Call(self._take(), (term, self._product()))
        return term

    def _product(self) -> Term:
        term = self._factor()
        while self._next() in ("*", "/"):
            term = Call(self._take(), (term, self._factor()))
        return term

    def _factor(self) -> Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotAValue(f"is nested deeper than {_DEEPEST} levels")
        term = self._atom()
        self._depth -= 1
        return term

    def _atom(self) -> Term:
        token, text = self._token(), self._take()
        if text == "-":
            return Call("negative", (self._factor(),))
        if text == "(":
            term = self._sum()
            self._expect(")")
            return term
        if token and token["number"]:
            return _number(token["number"], token["currency"])
        if token and token["name"]:
            return self._call(text) if self._next() == "(" else Operand(text)
        raise NotAValue(f"{shown(text)} stands where a number or a name should" if text else "ends too early")

    def _call(self, name: str) -> Term:
        if name not in FUNCTIONS or name == "negative":
            raise NotAValue(f"{shown(name)} is no function: there are min, max, abs, round and days")
        operands = self._operands()
        arity = FUNCTIONS[name].arity
        if len(operands) < 2 if arity is None else len(operands) != arity:
            raise NotAValue(f"{name} takes {arity or 'two or more'} operands, not {len(operands)}")
        if name == "round" and not _is_places(operands[1]):
            raise NotAValue(f"round takes a number of places from 0 to {_MOST_PLACES}")
        return Call(name, operands)

    def _operands(self) -> tuple[Term, ...]:
        self._expect("(")
        operands = [self._sum()]
        while self._next() == ",":
            self._take()
            operands.append(self._sum())
        self._expect(")")
        return tuple(operands)

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise NotAValue(f"{shown(self._next() or 'the end')} stands where {sign!r} should")
        self._take()

    def _token(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> str:
        token = self._token()
        return token[0].strip() if token else ""

    def _take(self) -> str:
        text = self._next()
        self._at += 1
        return text


def _number(digits: str, currency: str | None) -> Number:
    kind: ValueType = DecimalType() if "." in digits else IntegerType()
    return Number(Fraction(Decimal(digits)), MoneyType(currency) if currency else kind)


def _is_places(term: Term) -> bool:
    return isinstance(term, Number) and term.kind == IntegerType() and term.quantity <= _MOST_PLACES
