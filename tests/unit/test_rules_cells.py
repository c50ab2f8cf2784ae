"""What a cell holds for, checked against brute force, and what is no cell."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cells import one_of, parse_cell
from rules.errors import NotAValue
from rules.values import BooleanType, CodeType, DateType, DecimalType, EnumType, IntegerType, ValueType

CENTS = st.integers(-500, 500)
COLOURS = EnumType(("red", "green", "blue"))
FIRST_DAY = date(2026, 1, 1)

# A cell as text, and beside it the same test of a number of cents, written without the engine.
Known = tuple[str, Callable[[int], bool]]


def euros(cents: int) -> str:
    sign, (whole, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02}" if rest else f"{sign}{whole}"


def comparison(sign: str, bound: int, blank: str) -> Known:
    tests: dict[str, Callable[[int], bool]] = {
        "": lambda x: x == bound,
        "=": lambda x: x == bound,
        "!=": lambda x: x != bound,
        "<": lambda x: x < bound,
        "<=": lambda x: x <= bound,
        ">": lambda x: x > bound,
        ">=": lambda x: x >= bound,
    }
    return f"{sign}{blank}{euros(bound)}", tests[sign]


def between(bounds: tuple[int, int], opening: str, closing: str) -> Known:
    low, high = min(bounds), max(bounds) + 1
    inside = range(low + (opening == "("), high + (closing == "]"))
    return f"{opening}{euros(low)}..{euros(high)}{closing}", lambda x: x in inside


def one_among(bounds: set[int]) -> Known:
    return "{" + ", ".join(map(euros, bounds)) + "}", lambda x: x in bounds


def negated(known: Known) -> Known:
    text, test = known
    return f"not({text})", lambda x: not test(x)


POSITIVE = st.one_of(
    st.builds(
        comparison, st.sampled_from(["", "=", "!=", "<", "<=", ">", ">="]), CENTS, st.sampled_from(["", " "])
    ),
    st.builds(between, st.tuples(CENTS, CENTS), st.sampled_from("[("), st.sampled_from("])")),
    st.builds(one_among, st.sets(CENTS, min_size=1, max_size=4)),
)


@given(POSITIVE | POSITIVE.map(negated), st.lists(CENTS, min_size=1))
def test_a_decimal_cell_holds_for_exactly_the_numbers_it_describes(known: Known, values: list[int]) -> None:
    text, expected = known

    cell = parse_cell(text, DecimalType())

    assert [cell.holds(Decimal(value) / 100) for value in values] == [expected(value) for value in values]


@given(POSITIVE | POSITIVE.map(negated))
def test_a_missing_value_passes_no_comparison_and_no_negation(known: Known) -> None:
    assert not parse_cell(known[0], DecimalType()).holds(None)


@given(st.integers(0, 800), st.integers(0, 800), st.integers(0, 800))
def test_a_range_of_dates_holds_for_the_days_between(first: int, length: int, day: int) -> None:
    low, high = FIRST_DAY + timedelta(first), FIRST_DAY + timedelta(first + length + 1)

    cell = parse_cell(f"[{low}..{high})", DateType())

    assert cell.holds(FIRST_DAY + timedelta(day)) == (first <= day <= first + length)


@pytest.mark.parametrize(
    ("text", "kind", "passes", "fails"),
    [
        ("-", COLOURS, ["red", None], []),
        (" red ", COLOURS, ["red"], ["green", None]),
        ("missing", COLOURS, [None], ["red"]),
        ("not(missing)", COLOURS, ["red", "green"], [None]),
        ("not(red, green)", COLOURS, ["blue"], ["red", "green", None]),
        ("not({red, green})", COLOURS, ["blue"], ["red", "green", None]),
        ("!= red", COLOURS, ["blue"], ["red", None]),
        ("not(EUR)", CodeType(), ["USD", "eur"], ["EUR", None]),
        ("true", BooleanType(), [True], [False, None]),
        ("[3..3]", IntegerType(), [3], [2, 4, None]),
        ("1.10", DecimalType(), [Decimal("1.1")], [Decimal("1.11"), None]),
    ],
)
def test_a_cell_tells_values_apart(
    text: str, kind: ValueType, passes: list[str | None], fails: list[str | None]
) -> None:
    cell = parse_cell(text, kind)

    assert all(cell.holds(value) for value in passes)
    assert not any(cell.holds(value) for value in fails)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", DecimalType()),
        ("not()", DecimalType()),
        ("not(-)", DecimalType()),
        ("not(not(5))", DecimalType()),
        ("<", DecimalType()),
        (">= 1,000", DecimalType()),
        (">= 1e3", DecimalType()),
        (">== 5", DecimalType()),
        ("=> 5", DecimalType()),
        ("< -", DecimalType()),
        ("+5", DecimalType()),
        ("5.", DecimalType()),
        (".5", DecimalType()),
        ("007", DecimalType()),
        ("NaN", DecimalType()),
        ("١٢", DecimalType()),
        ("A\nB", CodeType()),
        ("[5..1]", DecimalType()),
        ("(5..5]", DecimalType()),
        ("[1..2..3]", DecimalType()),
        ("[1...5]", DecimalType()),
        ("[1..5", DecimalType()),
        ("[1, 5]", DecimalType()),
        ("[..5]", DecimalType()),
        ("{}", DecimalType()),
        ("{5, 5.0}", DecimalType()),
        ("{5, missing}", DecimalType()),
        ("missing, 5", DecimalType()),
        ("1 + 1", DecimalType()),
        ("__import__('os')", CodeType()),
        ("A..B", CodeType()),
        ("yellow", COLOURS),
        ("RED", COLOURS),
        ("< red", COLOURS),
        ("[blue..red]", COLOURS),
        ("NO", BooleanType()),
        ("> false", BooleanType()),
        ("1.0", IntegerType()),
        ("2026-02-30", DateType()),
        ("20260101", DateType()),
        ("2026-W01-1", DateType()),
    ],
)
def test_what_is_no_test_of_the_type_is_refused(text: str, kind: ValueType) -> None:
    with pytest.raises(NotAValue):
        parse_cell(text, kind)


@given(st.text(alphabet="[](){}<>=!.,-0159aE not", max_size=24))
def test_no_text_makes_reading_a_cell_fail_in_another_way(text: str) -> None:
    try:
        cell = parse_cell(text, DecimalType())
    except NotAValue:
        return
    assert cell.holds(Decimal(5)) in (True, False)


def test_a_set_without_values_is_refused() -> None:
    with pytest.raises(NotAValue, match="holds for nothing"):
        one_of([], DecimalType())
