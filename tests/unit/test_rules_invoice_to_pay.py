"""The table of invoice to pay: what becomes of the samples, and over the whole grid of facts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from random import Random

import pytest

from rules import Decision, Escalation, JsonValue, decide, load_table

TABLE = load_table("invoice_to_pay")
DAY = date(2026, 10, 31)


def euro(amount: str) -> dict[str, JsonValue]:
    return {"amount": amount, "currency": "EUR"}


ORDERED: dict[str, JsonValue] = {
    "kind": "invoice",
    "amount": euro("1487.50"),
    "currency": "EUR",
    "supplier": "known",
    "iban": "same",
    "arithmetic": "right",
    "duplicate": "none",
    "order": "matched",
    "price_variance_pct": "0",
    "quantity_excess": "0",
    "preceding": "none",
}
NO_ORDER = ORDERED | {"order": "none", "price_variance_pct": None, "quantity_excess": None}
CREDIT_NOTE = NO_ORDER | {"kind": "credit_note", "amount": euro("148.75"), "preceding": "booked"}


def ask(facts: Mapping[str, object]) -> Decision | Escalation:
    return decide(TABLE, facts, as_of=DAY)


def outcome_of(facts: Mapping[str, object]) -> tuple[str | None, str | None]:
    answer = ask(facts)
    assert isinstance(answer, Decision), answer
    return answer.outcome["route"], answer.outcome["role"]


@pytest.mark.parametrize(
    ("sample", "facts", "route", "role"),
    [
        ("01 clean with order", ORDERED, "book", None),
        ("02 over order", ORDERED | {"price_variance_pct": "8.00"}, "review", "buyer"),
        ("03 no order, small", NO_ORDER | {"amount": euro("480.00")}, "book", None),
        ("04 no order", NO_ORDER | {"amount": euro("4200.00")}, "review", "buyer"),
        (
            "05 unknown supplier",
            NO_ORDER | {"amount": euro("1130.50"), "supplier": "unknown", "iban": "changed"},
            "review",
            "purchasing",
        ),
        ("06 duplicate", ORDERED | {"duplicate": "certain", "quantity_excess": "40"}, "reject", None),
        ("07 arithmetic wrong", ORDERED | {"arithmetic": "wrong"}, "reject", None),
        ("08 changed IBAN", ORDERED | {"iban": "changed"}, "review", "treasury"),
        ("09 credit note", CREDIT_NOTE, "book", None),
        ("10 foreign currency", ORDERED | {"currency": "USD"}, "review", "treasury"),
        ("11 hybrid", ORDERED | {"amount": euro("870.00")}, "book", None),
        ("12 above limit", ORDERED | {"amount": euro("368900.00")}, "review", "cfo"),
        ("13 partly received", ORDERED | {"quantity_excess": "2"}, "review", "buyer"),
    ],
)
def test_the_samples_come_out_as_finance_expects(
    sample: str, facts: Mapping[str, JsonValue], route: str, role: str | None
) -> None:
    assert outcome_of(facts) == (route, role), sample


@pytest.mark.parametrize(
    ("facts", "route", "role"),
    [
        (ORDERED | {"amount": euro("49999.99")}, "book", None),
        (ORDERED | {"amount": euro("50000")}, "review", "controller"),
        (ORDERED | {"amount": euro("249999.99")}, "review", "controller"),
        (ORDERED | {"amount": euro("250000.00")}, "review", "cfo"),
        (NO_ORDER | {"amount": euro("1000.00")}, "book", None),
        (NO_ORDER | {"amount": euro("1000.01")}, "review", "buyer"),
        (NO_ORDER | {"amount": euro("50000")}, "review", "controller"),
        (ORDERED | {"amount": euro("0.01")}, "book", None),
        (ORDERED | {"amount": euro("0.00")}, "review", "ap_clerk"),
        (ORDERED | {"amount": euro("-119.00")}, "review", "ap_clerk"),
        (ORDERED | {"price_variance_pct": "2.00"}, "book", None),
        (ORDERED | {"price_variance_pct": "2.01"}, "review", "buyer"),
        (ORDERED | {"price_variance_pct": "-30"}, "book", None),
        (ORDERED | {"quantity_excess": "-4"}, "book", None),
        (ORDERED | {"quantity_excess": "0.001"}, "review", "buyer"),
        (ORDERED | {"iban": "absent"}, "book", None),
    ],
)
def test_limits_and_tolerances_are_exact_to_the_cent(
    facts: Mapping[str, JsonValue], route: str, role: str | None
) -> None:
    assert outcome_of(facts) == (route, role)


CHANGED_IBAN: dict[str, JsonValue] = {"iban": "changed"}
LARGE: dict[str, JsonValue] = {"amount": euro("250000")}


@pytest.mark.parametrize(
    ("facts", "route", "role"),
    [
        (ORDERED | CHANGED_IBAN | {"price_variance_pct": "8"}, "review", "treasury"),
        (NO_ORDER | CHANGED_IBAN | {"amount": euro("4200")}, "review", "treasury"),
        (ORDERED | CHANGED_IBAN | {"amount": euro("60000")}, "review", "treasury"),
        (CREDIT_NOTE | CHANGED_IBAN, "review", "treasury"),
        (ORDERED | CHANGED_IBAN | LARGE, "review", "cfo"),
        (ORDERED | CHANGED_IBAN | {"duplicate": "certain"}, "reject", None),
        (ORDERED | LARGE | {"arithmetic": "wrong"}, "reject", None),
        (ORDERED | LARGE | {"currency": "USD"}, "review", "cfo"),
        (ORDERED | {"currency": "XTS", "amount": None}, "review", "treasury"),
        (ORDERED | {"supplier": "unknown", "currency": "USD"}, "review", "purchasing"),
        (ORDERED | {"duplicate": "possible", "quantity_excess": "1"}, "review", "ap_clerk"),
        (ORDERED | {"amount": euro("60000"), "price_variance_pct": "8"}, "review", "controller"),
    ],
)
def test_of_several_reasons_the_weightier_decides(
    facts: Mapping[str, JsonValue], route: str, role: str | None
) -> None:
    assert outcome_of(facts) == (route, role)


# For each rule, facts that it alone decides as it does.
DECIDED_BY: dict[str, Mapping[str, JsonValue]] = {
    "IP-010": ORDERED | {"duplicate": "certain"},
    "IP-020": ORDERED | {"arithmetic": "wrong"},
    "IP-100": ORDERED | LARGE,
    "IP-110": ORDERED | {"supplier": "unknown"},
    "IP-120": ORDERED | CHANGED_IBAN,
    "IP-130": ORDERED | {"currency": "USD"},
    "IP-140": ORDERED | {"duplicate": "possible"},
    "IP-150": ORDERED | {"amount": euro("0")},
    "IP-160": ORDERED | {"amount": None},
    "IP-200": ORDERED | {"amount": euro("50000")},
    "IP-300": CREDIT_NOTE | {"preceding": "not_booked"},
    "IP-310": ORDERED | {"preceding": "booked"},
    "IP-400": NO_ORDER | {"order": "unknown_order", "amount": euro("5")},
    "IP-410": ORDERED | {"order": "partial"},
    "IP-420": ORDERED | {"quantity_excess": "1"},
    "IP-430": ORDERED | {"price_variance_pct": "3"},
    "IP-440": NO_ORDER,
    "IP-450": ORDERED | {"price_variance_pct": None},
    "IP-460": ORDERED | {"quantity_excess": None},
    "IP-470": NO_ORDER | {"price_variance_pct": "0", "amount": euro("5")},
    "IP-480": NO_ORDER | {"quantity_excess": "0", "amount": euro("5")},
    "IP-900": ORDERED,
    "IP-910": NO_ORDER | {"amount": euro("5")},
    "IP-920": CREDIT_NOTE,
}


def test_every_rule_has_facts_that_it_decides() -> None:
    assert {rule: answer_rule(facts) for rule, facts in DECIDED_BY.items()} == {
        rule.id: rule.id for rule in TABLE.rules
    }


def answer_rule(facts: Mapping[str, JsonValue]) -> str:
    answer = ask(facts)
    return answer.rule if isinstance(answer, Decision) else answer.kind


@pytest.mark.parametrize("rule", DECIDED_BY)
def test_without_a_rule_its_facts_go_to_a_person_and_are_never_booked(rule: str) -> None:
    rest = replace(TABLE, rules=tuple(one for one in TABLE.rules if one.id != rule))

    answer = decide(rest, DECIDED_BY[rule], as_of=DAY)

    assert isinstance(answer, Escalation)
    assert answer.kind == "no_rule"


# Amounts and numbers by class: the table treats all of a class alike, and the ends of each are among them.
AMOUNTS = (
    (None,),
    ("-119.00", "0.00", "0"),
    ("0.01", "500", "1000.00"),
    ("1000.01", "4200", "49999.99"),
    ("50000", "249999.99"),
    ("250000.00", "310000"),
)
VARIANCES = ((None,), ("-5", "0", "2.00"), ("2.01", "8"))
EXCESSES = ((None,), ("-1", "0.0"), ("0.001", "2"))


def grid() -> Iterator[dict[str, JsonValue]]:
    """Every combination of classes, each with a member drawn anew."""
    draw = Random(2026).choice
    columns = (
        ("invoice", "credit_note"),
        AMOUNTS,
        ("EUR", "USD"),
        ("known", "unknown"),
        ("same", "changed", "absent"),
        ("right", "wrong"),
        ("none", "certain", "possible"),
        ("matched", "partial", "unknown_order", "none"),
        VARIANCES,
        EXCESSES,
        ("booked", "not_booked", "none"),
    )
    for row in product(*columns):
        values = [value if isinstance(value, str) else draw(value) for value in row]
        facts: dict[str, JsonValue] = dict(zip(ORDERED, values, strict=True))
        yield facts | {"amount": None if values[1] is None else euro(values[1])}


def may_be_booked(facts: Mapping[str, JsonValue]) -> bool:
    """What a controller demands of a booking without a person, written without the table."""
    money = facts["amount"]
    amount = Decimal(str(money["amount"])) if isinstance(money, dict) else None
    sound = (
        facts["currency"] == "EUR"
        and facts["supplier"] == "known"
        and facts["iban"] != "changed"
        and facts["arithmetic"] == "right"
        and facts["duplicate"] == "none"
    )
    if not sound or amount is None or not 0 < amount < 50_000:
        return False
    if facts["kind"] == "credit_note":
        return facts["preceding"] == "booked"
    return facts["preceding"] == "none" and (delivered(facts) or (amount <= 1000 and without_order(facts)))


def delivered(facts: Mapping[str, JsonValue]) -> bool:
    variance, excess = facts["price_variance_pct"], facts["quantity_excess"]
    compared = facts["order"] == "matched" and variance is not None and excess is not None
    return compared and Decimal(str(variance)) <= 2 and Decimal(str(excess)) <= 0


def without_order(facts: Mapping[str, JsonValue]) -> bool:
    return (facts["order"], facts["price_variance_pct"], facts["quantity_excess"]) == ("none", None, None)


def test_over_the_whole_grid_the_table_decides_and_books_only_what_a_controller_would() -> None:
    wrong = [facts for facts in grid() if not is_sound(ask(facts), may=may_be_booked(facts))]

    assert wrong == []


def test_the_booking_rules_alone_already_book_only_what_a_controller_would() -> None:
    booking = replace(TABLE, rules=tuple(rule for rule in TABLE.rules if rule.outcome["route"] == "book"))

    wrong = [
        facts
        for facts in grid()
        if (decide(booking, facts, as_of=DAY).kind == "decision") != may_be_booked(facts)
    ]

    assert wrong == []


def is_sound(answer: Decision | Escalation, *, may: bool) -> bool:
    return isinstance(answer, Decision) and (answer.outcome["route"] == "book") == may


@pytest.mark.parametrize("name", ORDERED)
@pytest.mark.parametrize("value", [None, "", "yes", "NaN", 0, 1.0, True, [], {}, "12,500.00", "1200.00 EUR"])
def test_a_fact_that_is_missing_or_of_another_form_is_never_booked(name: str, value: object) -> None:
    for facts in (ORDERED, NO_ORDER | {"amount": euro("5")}, CREDIT_NOTE):
        if value is None and facts[name] is None:
            continue
        answer = ask(facts | {name: value})

        assert not (isinstance(answer, Decision) and answer.outcome["route"] == "book")
