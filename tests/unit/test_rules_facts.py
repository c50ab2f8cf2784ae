"""How facts arrive as JSON, and the many ways to write an amount that are not one."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules import Decision, Escalation, decide, parse_table
from rules.decision import Basis

# A table that invites every mistake: what is not large is paid.
TABLE = parse_table("""
id: limits
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
hit: priority
inputs:
  amount: {type: money, currency: EUR}
  rate: {type: decimal, optional: true}
  count: {type: integer, optional: true}
  day: {type: date, optional: true}
  urgent: {type: boolean, optional: true}
  colour: {type: enum, values: [red, green], optional: true}
  country: {type: code, optional: true}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: R1, priority: 2, when: {amount: ">= 10000"}, then: {route: ask}, because: Large}
- {id: R2, priority: 1, when: {amount: "-"}, then: {route: pay}, because: Small}
""")
DAY = date(2026, 10, 31)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def euro(amount: object) -> dict[str, object]:
    return {"amount": amount, "currency": "EUR"}


def ask(facts: Mapping[str, object]) -> Decision | Escalation:
    return decide(TABLE, facts, as_of=DAY)


@pytest.mark.parametrize(
    "amount",
    [
        "20000",  # states no currency
        20000,
        20000.0,
        Decimal(20000),
        True,
        [],
        {},
        euro(20000),  # euro or cents?
        euro(20000.0),
        euro(None),
        euro(Decimal(20000)),
        euro("12,500.00"),
        euro("12.500,00"),
        euro("12 500.00"),
        euro(" 20000"),
        euro("20000 "),
        euro("20000\n"),
        euro("+20000"),
        euro("2e4"),
        euro("0x4e20"),
        euro("20_000"),
        euro("020000"),
        euro("20000."),
        euro(".5"),
        euro(""),
        euro("-"),
        euro("NaN"),
        euro("Infinity"),
        euro("２００００"),
        euro("9" * 31),
        euro("9" * 100_000),
        euro("1." + "0" * 100_000),
        {"amount": "20000", "currency": "USD"},
        {"amount": "20000", "currency": "eur"},
        {"amount": "20000", "currency": None},
        {"amount": "20000"},
        {"amount": "20000", "currency": "EUR", "unit": "cents"},
    ],
)
def test_an_amount_in_any_other_form_is_escalated(amount: object) -> None:
    answer = ask({"amount": amount})

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("invalid_input", ("amount",))


@pytest.mark.parametrize("amount", [{}, {"amount": None}])
def test_an_amount_that_is_missing_is_escalated_as_missing(amount: Mapping[str, object]) -> None:
    answer = ask(amount)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("missing_input", ("amount",))


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("10000", "R1"),
        ("10000.00", "R1"),
        ("9999.999999999999999999999999999999", "R2"),
        ("10000.000000000000000000000000000001", "R1"),
        ("123456789012345678901234567890", "R1"),
        ("-20000", "R2"),
        ("-0.00", "R2"),
    ],
)
def test_amounts_are_compared_exactly_whatever_the_decimal_context(amount: str, rule: str) -> None:
    with localcontext(prec=3):
        answer = ask({"amount": euro(amount)})

    assert isinstance(answer, Decision)
    assert answer.rule == rule


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("rate", 1),
        ("rate", 1.5),
        ("rate", "1e2"),
        ("count", "1"),
        ("count", 1.0),
        ("count", True),
        ("count", 10**18),
        pytest.param("count", 10**5000, id="count-of-5000-digits"),
        ("day", "2026-02-30"),
        ("day", "2026-W01-1"),
        ("day", "20260101"),
        ("day", "2026-01-01T00:00:00"),
        ("day", DAY),
        ("urgent", "true"),
        ("urgent", 1),
        ("colour", "RED"),
        ("colour", "blue"),
        ("colour", ["red"]),
        ("country", ""),
        ("country", "D E"),
        ("country", "missing"),
        ("country", "DE\x00"),
    ],
)
def test_a_fact_of_another_form_or_domain_is_escalated(name: str, raw: object) -> None:
    answer = ask({"amount": euro("5"), name: raw})

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("invalid_input", (name,))


def test_facts_of_every_type_are_kept_in_one_form() -> None:
    facts = {"amount": euro("5.10"), "rate": "-0.50", "count": -7, "day": "2026-10-31", "urgent": False}

    answer = ask(facts | {"colour": "red", "country": "DE"})

    assert answer.basis.facts == {
        "amount": euro("5.1"),
        "rate": "-0.5",
        "count": -7,
        "day": "2026-10-31",
        "urgent": False,
        "colour": "red",
        "country": "DE",
    }


def test_a_misspelt_fact_is_escalated_and_not_taken_for_a_missing_one() -> None:
    answer = ask({"amount": euro("5"), "rates": "1"})

    assert isinstance(answer, Escalation)
    assert answer.kind == "invalid_input"
    assert "rates: is no input of table 'limits'" in answer.message


def test_all_that_is_wrong_is_said_at_once() -> None:
    answer = decide(TABLE, {"amount": "5", "count": "1"}, as_of="yesterday")

    assert isinstance(answer, Escalation)
    assert answer.inputs == ("as_of", "amount", "count")


def test_equal_facts_have_one_digest_however_they_are_written() -> None:
    long = ask({"amount": euro("5.00"), "rate": "-0.0", "count": None})
    short = ask({"rate": "0", "amount": euro("5")})

    assert long.basis.facts_digest == short.basis.facts_digest
    assert long.basis.facts["amount"] == euro("5")


def test_other_facts_have_another_digest() -> None:
    assert digest("5", "0") != digest("5", "0.01") != digest("5", None)


def digest(amount: str, rate: str | None) -> str:
    return ask({"amount": euro(amount), "rate": rate}).basis.facts_digest


@given(st.dictionaries(st.sampled_from([*TABLE.inputs, "other"]), JSON), JSON)
@example({"amount": {"amount": "5", "currency": float("nan")}}, "\ud800")
def test_no_json_makes_asking_fail_or_leaves_what_a_checkpoint_cannot_hold(
    facts: dict[str, object], as_of: object
) -> None:
    answer = decide(TABLE, facts, as_of=as_of)  # type: ignore[arg-type]  # whatever a state may hold

    text = json.dumps(answer.as_json(), allow_nan=False, ensure_ascii=False)
    assert b"\\u0000" not in text.encode()  # which fails on a lone surrogate


@pytest.mark.parametrize("as_of", [None, "", "2026-13-01", "today", datetime(2026, 10, 31, tzinfo=UTC)])
def test_without_a_day_nothing_is_decided(as_of: date | str | None) -> None:
    answer = decide(TABLE, {"amount": euro("5")}, as_of=as_of)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("invalid_input", ("as_of",))


def test_the_day_may_be_a_date_or_its_text() -> None:
    by_date, by_text = (decide(TABLE, {"amount": euro("5")}, as_of=day) for day in (DAY, "2026-10-31"))

    assert by_date == by_text


def test_a_basis_without_a_day_says_so() -> None:
    assert Basis(table=TABLE, facts={}, as_of=None).as_json()["as_of"] is None
