"""Our cells and values as FEEL, the same test in its words."""

from datetime import date
from decimal import Decimal

from rules.cells import Anything, Cell, Comparison, Missing, Not, OneOf, Range
from rules.errors import NotAValue
from rules.values import Value

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def literal(value: Value) -> str:
    """A value as FEEL writes it. Raises `NotAValue`."""
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return f'date("{value.isoformat()}")'
        case str():
            return f'"{value.translate(_ESCAPES)}"'
        case int() | Decimal():
            return format(value, "f")
    raise NotAValue("a set has no counterpart in a column of DMN")


def unary_tests(cell: Cell, *, optional: bool) -> str:
    """A cell as FEEL; `not(...)`, which may hold for null there, leaves null out in an optional column.

    Raises:
        NotAValue: it tests a set.
    """
    match cell:
        case Anything():
            return "-"
        case Missing():
            return "null"
        case Comparison(sign="!=", bound=bound):
            return _negated(Comparison("=", bound), optional=optional)
        case Not():
            return _negated(cell.inner, optional=optional)
    return _test(cell)


def _negated(inner: Cell, *, optional: bool) -> str:
    match inner:
        case Missing():
            return "not(null)"
        case Comparison(sign="!="):
            return literal(inner.bound)
    return f"not({'null, ' if optional else ''}{_test(inner)})"


def _test(cell: Cell) -> str:
    match cell:
        case Comparison():
            return literal(cell.bound) if cell.sign == "=" else f"{cell.sign} {literal(cell.bound)}"
        case Range():
            opening, closing = "[" if cell.low.sign == ">=" else "(", "]" if cell.high.sign == "<=" else ")"
            return f"{opening}{literal(cell.low.bound)}..{literal(cell.high.bound)}{closing}"
        case OneOf():
            return ", ".join(map(literal, cell.values))
    raise NotAValue("a test of a set has no counterpart in DMN")
