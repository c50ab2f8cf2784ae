"""From the unary tests of other engines to our cells: the same test, or the reason why there is none.

What `null` is to them, a missing value is to us, and one difference counts: their `not("a")` holds for null,
and our `not(a)` does not hold for a missing value.
"""

from collections.abc import Mapping, Sequence

from rules.cells import parse_cell
from rules.errors import NotAValue
from rules.interchange.unary import Between, Compared, LiteralKind, Literally, Test, Tests, is_null
from rules.values import RESERVED, TextType, ValueType, shown

KINDS: Mapping[str, LiteralKind] = {
    "money": "number",
    "decimal": "number",
    "integer": "number",
    "enum": "string",
    "role": "string",
    "code": "string",
    "text": "string",
    "date": "date",
    "boolean": "boolean",
}
"""Which literals a column of one of our types holds."""

_OPPOSITE = {"<": "[", "<=": "(", ">": "]", ">=": ")"}


def literals_of(kind: str) -> str:
    """Which literals a column of a type holds, whether of ours or of `rules.interchange.columns`."""
    return KINDS.get(kind, kind)


def cell_text(tests: Tests, kind: ValueType, *, literals: LiteralKind, optional: bool) -> str:
    """The cell of ours that holds for the same values. Raises `NotAValue`."""
    if not tests.each:
        return "-"
    known = [test for test in tests.each if not is_null(test)]
    _check_literals(tests, kind, literals)
    if not known:
        return f"not({RESERVED})" if tests.negated else RESERVED
    has_null = len(known) < len(tests.each)
    if has_null and not tests.negated:
        raise NotAValue(
            "a cell of ours holds for a missing value or for values, not for both: write two rules"
        )
    if optional and not has_null and _may_hold_for_null(known, negated=tests.negated):
        raise NotAValue("it may hold for null too, and ours for values alone: write not(null, ...)")
    text = _any_of(known)
    if tests.negated:
        text = text[len("not(") : -1] if text.startswith("not(") else f"not({text})"
    parse_cell(text, kind)
    return text


def literal_text(literal: Literally, kind: ValueType, *, literals: LiteralKind) -> str:
    """The value that an output says, in our words. Raises `NotAValue`."""
    if literal.kind != literals:
        raise NotAValue(f"{shown(literal.text)} is a {literal.kind}, and the column holds a {literals}")
    text = literal.text.strip() if isinstance(kind, TextType) else literal.text
    if text == "-":
        raise NotAValue("'-' says nothing in our tables")
    kind.literal(text)
    return text


def _check_literals(tests: Tests, kind: ValueType, literals: LiteralKind) -> None:
    for literal in tests.literals():
        if literal.kind not in (literals, "null"):
            raise NotAValue(f"{shown(literal.text)} is a {literal.kind}, and the column holds a {literals}")
        if literal.kind != "null":
            kind.literal(literal.text)  # one with a comma would be two in a set of ours


def _may_hold_for_null(tests: Sequence[Test], *, negated: bool) -> bool:
    """Whether null may pass there; of `not(< 5)` the engines do not think alike."""
    return negated or any(isinstance(test, Compared) and test.sign == "!=" for test in tests)


def _any_of(tests: Sequence[Test]) -> str:
    if len(tests) == 1:
        return _one(tests[0])
    if all(isinstance(test, Compared) and test.sign == "=" for test in tests):
        texts = dict.fromkeys(test.literal.text for test in tests if isinstance(test, Compared))
        return f"{{{', '.join(texts)}}}" if len(texts) > 1 else next(iter(texts))
    if outside := _outside(tests):
        return outside
    raise NotAValue(
        "tests joined by commas have a counterpart if all are literals or leave out one range: split the rule"
    )


def _outside(tests: Sequence[Test]) -> str | None:
    """`<18, >=60` is all but a range, which our cells say as `not([18..60))`."""
    below = [test for test in tests if isinstance(test, Compared) and test.sign in ("<", "<=")]
    above = [test for test in tests if isinstance(test, Compared) and test.sign in (">", ">=")]
    if len(tests) != 2 or len(below) != 1 or len(above) != 1:
        return None
    low, high = below[0], above[0]
    return f"not({_OPPOSITE[low.sign]}{low.literal.text}..{high.literal.text}{_OPPOSITE[high.sign]})"


def _one(test: Test) -> str:
    if isinstance(test, Between):
        opening = "[" if test.low.sign == ">=" else "("
        closing = "]" if test.high.sign == "<=" else ")"
        return f"{opening}{test.low.literal.text}..{test.high.literal.text}{closing}"
    return test.literal.text if test.sign == "=" else f"{test.sign} {test.literal.text}"
