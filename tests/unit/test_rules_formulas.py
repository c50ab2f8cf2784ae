"""Formulas: what they are worth, exactly; which are refused; and inputs that are derived by them."""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rules import Decision, Escalation, TableError, decide, parse_table
from rules.errors import NotAValue
from rules.formulas import parse_formula
from rules.values import DateType, DecimalType, IntegerType, MoneyType, Value, ValueType

DECIMAL, INTEGER, DATE, EUR, USD = (
    DecimalType(),
    IntegerType(),
    DateType(),
    MoneyType("EUR"),
    MoneyType("USD"),
)
TYPES: dict[str, ValueType] = {
    "a": DECIMAL,
    "b": DECIMAL,
    "n": INTEGER,
    "m": INTEGER,
    "net": EUR,
    "tax": EUR,
    "usd": USD,
    "start": DATE,
    "due-date": DATE,
}
VALUES: dict[str, Value | None] = {
    "a": Decimal("1.5"),
    "b": Decimal("-0.25"),
    "n": 7,
    "m": 2,
    "net": Decimal("100.00"),
    "tax": Decimal("19.00"),
    "usd": Decimal("3"),
    "start": date(2026, 2, 27),
    "due-date": date(2026, 3, 1),
}
CENTS = st.integers(-(10**6), 10**6).map(lambda cents: Decimal(cents) / 100)


def worth(text: str, kind: ValueType = DECIMAL, **values: Value | None) -> Value | None:
    formula = parse_formula(text)
    formula.check(kind, TYPES)
    return formula.value(VALUES | values, kind)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1 + 2 * 3", INTEGER, 7),
        ("(1 + 2) * 3", INTEGER, 9),
        ("10 - 3 - 2", INTEGER, 5),
        ("12 / 2 / 3", DECIMAL, Decimal(2)),
        ("-n + 2", INTEGER, -5),
        ("2 - -n", INTEGER, 9),
        ("n*m", INTEGER, 14),
        ("n", DECIMAL, Decimal(7)),
        ("n / m", DECIMAL, Decimal("3.5")),
        ("a + n", DECIMAL, Decimal("8.5")),
        ("0.1 + 0.2", DECIMAL, Decimal("0.3")),
        ("1 / 3 * 3", DECIMAL, Decimal(1)),
        ("net + tax", EUR, Decimal(119)),
        ("net * a", EUR, Decimal(150)),
        ("3 * net", EUR, Decimal(300)),
        ("net / m", EUR, Decimal(50)),
        ("tax / net * 100", DECIMAL, Decimal(19)),
        ("net - 5 EUR", EUR, Decimal(95)),
        ("max(net - 120 EUR, 0 EUR)", EUR, Decimal(0)),
        ("min(a, b, n)", DECIMAL, Decimal("-0.25")),
        ("max(a, b, n)", DECIMAL, Decimal(7)),
        ("abs(b)", DECIMAL, Decimal("0.25")),
        ("round(a, 0)", DECIMAL, Decimal(2)),
        ("round(-a, 0)", DECIMAL, Decimal(-2)),
        ("round(2.345, 2)", DECIMAL, Decimal("2.35")),
        ("round(-2.345, 2)", DECIMAL, Decimal("-2.35")),
        ("round(2.3449999, 2)", DECIMAL, Decimal("2.34")),
        ("round(net / 3, 2)", EUR, Decimal("33.33")),
        ("days(start, due-date)", INTEGER, 2),
        ("days(due-date, start)", INTEGER, -2),
        ("max(start, due-date)", DATE, date(2026, 3, 1)),
    ],
)
def test_a_formula_is_worth_what_arithmetic_says(text: str, kind: ValueType, value: Value) -> None:
    result = worth(text, kind)

    assert result == value
    assert type(result) is type(value)


@given(CENTS, CENTS, CENTS, CENTS)
def test_no_digit_is_lost_whatever_the_decimal_context(
    a: Decimal, b: Decimal, net: Decimal, tax: Decimal
) -> None:
    with localcontext(prec=3):
        sum_ = worth("(a + b) * (a - b) + a * b", a=a, b=b)
        share = worth("round(net * a / 100, 2)", EUR, a=a, net=net)

    exact = Fraction(net) * Fraction(a)
    assert sum_ == (a + b) * (a - b) + a * b
    assert abs(Fraction(share) - exact / 100) <= Fraction(1, 200)  # type: ignore[arg-type]  # a decimal


@given(CENTS, CENTS, CENTS)
@example(Decimal("1E-30"), Decimal(3), Decimal(0))
@example(Decimal("-1E-30"), Decimal(3), Decimal(0))
def test_a_quotient_compares_with_every_plain_number_as_the_exact_one_does(
    a: Decimal, b: Decimal, bound: Decimal
) -> None:
    assume(b)
    exact = Fraction(a) / Fraction(b)

    value = worth("a / b", a=a, b=b)

    assert isinstance(value, Decimal)
    assert (value < bound, value == bound, value > bound) == (exact < bound, exact == bound, exact > bound)


@pytest.mark.parametrize("text", ["a / (n - 7)", "n / 0", "a + b / 0.0", "net / (net - net)"])
def test_division_by_zero_has_no_result(text: str) -> None:
    assert worth(text) is None


@pytest.mark.parametrize("text", ["a + b", "max(a, b)", "b * 0", "days(start, due-date) + b", "abs(b)"])
def test_a_missing_operand_makes_the_result_missing(text: str) -> None:
    assert worth(text, b=None) is None


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("n * 1000", INTEGER, 10**17),
        ("a * 1000", DECIMAL, Decimal(10**29)),
        ("a / b", DECIMAL, Decimal(10**29)),
    ],
)
def test_a_result_that_is_too_large_for_its_type_is_refused(text: str, kind: ValueType, value: Value) -> None:
    with pytest.raises(NotAValue, match="has too many digits"):
        worth(text, kind, n=value, a=value, b=Decimal("0.001"))


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("net + usd", EUR, "EUR and USD are not of one kind"),
        ("max(net, usd)", EUR, "EUR and USD are not of one kind"),
        ("net / usd", DECIMAL, "EUR and USD are not of one kind"),
        ("net + 5 USD", EUR, "EUR and USD are not of one kind"),
        ("net + a", EUR, "EUR and decimal are not of one kind"),
        ("net * tax", EUR, "money times money"),
        ("a / net", EUR, "decimal and EUR are not of one kind"),
        ("start - due-date", INTEGER, "a date is no number"),
        ("start * 2", DATE, "date and integer are not of one kind"),
        ("net * start", EUR, "EUR and date are not of one kind"),
        ("days(start, n)", INTEGER, "days(a, b) takes two dates and not date and integer"),
        ("abs(start)", DATE, "a date is no number"),
        ("net", USD, "'net' yields money in EUR, not money in USD"),
        ("net / tax", EUR, "'net / tax' yields a value of type decimal, not money in EUR"),
        ("n / m", INTEGER, "'n / m' yields a value of type decimal, not a value of type integer"),
        ("gross", EUR, "'gross' is not an input"),
        ("net-tax", EUR, "'net-tax' is not an input"),
        ("a.__class__", DECIMAL, "'a.__class__' is not an input"),
    ],
)
def test_what_does_not_go_together_is_refused(text: str, kind: ValueType, message: str) -> None:
    with pytest.raises(NotAValue) as refusal:
        parse_formula(text).check(kind, TYPES)

    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends too early"),
        ("a +", "ends too early"),
        ("a b", "'b' stands where the formula should end"),
        ("(a", "'the end' stands where ')' should"),
        ("a)", "')' stands where the formula should end"),
        ("* a", "'*' stands where a number or a name should"),
        ("a ** 2", "'*' stands where a number or a name should"),
        ("1e3", "'e3' stands where the formula should end"),
        ("1,000 + a", "',' stands where the formula should end"),
        ("a % 2", "'% 2' is no part of a formula"),
        ("__import__('os')", "\"__import__('os')\" is no part of a formula"),
        ("sqrt(a)", "'sqrt' is no function"),
        ("negative(a)", "'negative' is no function"),
        ("min(a)", "min takes two or more operands, not 1"),
        ("abs(a, b)", "abs takes 1 operands, not 2"),
        ("round(a)", "round takes 2 operands, not 1"),
        ("round(a, n)", "round takes a number of places from 0 to 12"),
        ("round(a, 0.5)", "round takes a number of places"),
        ("round(a, 13)", "round takes a number of places"),
        ("(" * 17 + "a" + ")" * 17, "is nested deeper than 16 levels"),
        ("-" * 17 + "a", "is nested deeper than 16 levels"),
        ("a" + " + a" * 100, "is longer than 300 characters"),
    ],
)
def test_what_is_no_formula_is_refused(text: str, message: str) -> None:
    with pytest.raises(NotAValue) as refusal:
        parse_formula(text)

    assert str(refusal.value).startswith(message)


@given(st.text(alphabet="ab1.5 +-*/(),minaxrouds", max_size=30))
def test_no_text_makes_reading_a_formula_fail_in_another_way(text: str) -> None:
    try:
        formula = parse_formula(text)
        formula.check(DECIMAL, TYPES)
    except NotAValue:
        return
    assert isinstance(formula.value(VALUES, DECIMAL), Decimal | None)


TABLE = """\
id: variance
version: 1
owner: Finance
title: Whether a price is in order
effective: {from: 2026-01-01}
hit: unique
inputs:
  billed: {type: money, currency: EUR}
  ordered: {type: money, currency: EUR, optional: true}
  over: {type: money, currency: EUR, optional: true, derived: "billed - ordered"}
  over_pct: {type: decimal, unit: "%", optional: true, derived: "over / ordered * 100", domain: "<= 1000"}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: R1, when: {over_pct: "<= 2"}, then: {route: pay}, because: Tolerated}
- {id: R2, when: {over_pct: "> 2"}, then: {route: ask}, because: Too much}
- {id: R3, when: {over_pct: missing}, then: {route: ask}, because: Nothing to compare with}
"""


def ask(billed: str | None, ordered: str | None, text: str = TABLE) -> Decision | Escalation:
    facts = {
        name: amount and {"amount": amount, "currency": "EUR"}
        for name, amount in {"billed": billed, "ordered": ordered}.items()
    }
    return decide(parse_table(text), facts, as_of="2026-06-01")


@pytest.mark.parametrize(
    ("billed", "ordered", "rule"),
    [("102", "100", "R1"), ("102.01", "100", "R2"), ("5", None, "R3"), ("5", "0", "R3")],
)
def test_a_derived_input_decides(billed: str, ordered: str | None, rule: str) -> None:
    answer = ask(billed, ordered)

    assert isinstance(answer, Decision)
    assert answer.rule == rule


def test_a_decision_shows_what_was_derived_beside_the_facts() -> None:
    record = ask("102.01", "100").as_json()

    assert set(record["facts"]) == {"billed", "ordered"}
    assert record["derived"] == {"over": {"amount": "2.01", "currency": "EUR"}, "over_pct": "2.01"}
    assert record["why_not"][0]["reason"] == "over_pct is 2.01, the rule wants <= 2"


def test_a_derived_input_is_not_given() -> None:
    answer = decide(parse_table(TABLE), {"over_pct": "1"}, as_of="2026-06-01")

    assert isinstance(answer, Escalation)
    assert answer.message == "over_pct: is worked out by table 'variance'"


def test_a_derived_value_outside_its_domain_is_escalated() -> None:
    answer = ask("1200", "100")

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.message) == ("invalid_input", "over_pct: 1100 is outside <= 1000")


def test_what_a_derived_input_lacks_is_asked_for_by_the_name_of_the_fact() -> None:
    answer = ask(None, "100")

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("missing_input", ("billed",))


@pytest.mark.parametrize(("ordered", "lacking"), [(None, "ordered"), ("0", "over_pct")])
def test_a_derived_input_that_must_not_be_missing_is_escalated(ordered: str | None, lacking: str) -> None:
    text = TABLE.replace('unit: "%", optional: true', 'unit: "%"').replace(
        "over_pct: missing", "over: missing"
    )

    answer = ask("5", ordered, text)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("missing_input", (lacking,))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("billed - ordered", "§billed - ", "input 'over': 'derived': ends too early"),
        ('derived: "billed - ordered"', '§derived: "billed - 5"', "input 'over': 'derived': EUR and integer"),
        ("  over: {type", "  over: §{derived2: x, type", "input 'over': unknown key 'derived2'"),
    ],
)
def test_a_formula_that_does_not_fit_is_found(old: str, new: str, message: str) -> None:
    before, after = TABLE.replace(old, new).split("§")

    with pytest.raises(TableError) as refused:
        parse_table(before + after)

    [finding] = refused.value.findings
    assert finding.message.startswith(message)
    assert finding.line == before.count("\n") + 1


def test_an_input_that_needs_itself_is_found() -> None:
    circular = TABLE.replace("billed - ordered", "billed * over_pct")

    with pytest.raises(TableError, match="10:9: input 'over': needs itself: over, over_pct, over"):
        parse_table(circular)
