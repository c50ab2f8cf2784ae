"""Formulas: exact arithmetic by which one input of a table is derived from others.

| formula | is |
|---|---|
| `5`, `0.5`, `5 EUR` | a number, an amount of money |
| `amount` | another input: money, a decimal, an integer or a date |
| `a + b`, `a - b`, `-a` | of two alike: no money of two currencies, no money and a number |
| `a * b`, `a / b` | of numbers; money times or by a number is money, money by money a decimal |
| `min(a, b, ...)`, `max(a, b, ...)` | the least, the most of those alike, of dates as well |
| `abs(a)` | without its sign |
| `round(a, 2)` | to so many places, at most 12; halves go away from zero |
| `days(a, b)` | how many days from date a to date b; negative if b is earlier |

`*` and `/` bind before `+` and `-`, and brackets before both; a minus between two names has blanks beside it.
Nothing is rounded but by `round`. A missing operand makes the result missing, and so does division by zero.
"""

from rules.formulas.parsing import parse_formula
from rules.formulas.terms import Formula

__all__ = ["Formula", "parse_formula"]
