"""Formulas of ours as FEEL expressions.

They are written for other tools to work out. What is read again is our own text of a formula, which stands
beside the expression, and only as long as the two are the same: FEEL has more than formulas.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction

from rules.errors import NotAValue
from rules.formulas import Formula
from rules.formulas.terms import Call, Number, Operand, Term

_LONGEST = 5_000
_EXACT = Context(prec=100)  # more digits than a number of a formula has
_NAME = re.compile(r"[^\W\d][\w.-]*")

_FORMS: Mapping[str, Callable[..., str]] = {
    "negative": "(-{})".format,
    "abs": "abs({})".format,
    "round": "round half up({}, {})".format,
    "days": "({1} - {0}).days".format,
}


def expression_of(formula: Formula, names: Mapping[str, str]) -> str:
    """The formula in FEEL; `names` are the expressions of the inputs that it needs.

    Raises:
        NotAValue: it is longer than anybody reads, because formulas are derived from formulas.
    """
    text = _written(formula.term, names)
    if len(text) > _LONGEST:
        raise NotAValue(f"the formula becomes a FEEL expression of more than {_LONGEST} characters")
    return text


def _written(term: Term, names: Mapping[str, str]) -> str:
    match term:
        case Number():
            return _digits(term.quantity)
        case Operand():
            text = names.get(term.name, term.name)
            return text if _NAME.fullmatch(text) else f"({text})"
        case Call():
            return _call(term.function, [_written(one, names) for one in term.operands])
    raise AssertionError(f"{term!r} is no term of a formula")


def _call(function: str, operands: Sequence[str]) -> str:
    if function in _FORMS:
        return _FORMS[function](*operands)
    if function in ("min", "max"):
        return f"{function}({', '.join(operands)})"
    return f"({operands[0]} {function} {operands[1]})"


def _digits(number: Fraction) -> str:
    return format(_EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)), "f")
