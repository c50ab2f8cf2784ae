"""The table of invoice to pay: what becomes of the samples, and over grids and a sample of all facts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from random import Random

import pytest

from rules import Decision, Escalation, JsonValue, decide, load_table

Facts = dict[str, JsonValue]
Columns = Mapping[str, Sequence[str | Sequence[JsonValue]]]
TABLE = load_table("invoice_to_pay")
BOOKING = {rule.id for rule in TABLE.rules if rule.outcome["route"] == "book"}
DAY = date(2026, 10, 31)


def euro(amount: str) -> Facts:
    return {"amount": amount, "currency": "EUR"}


# What can give rise to doubt about a document; the first word of each is the one that gives none.
DOCUMENT = {
    "type": ("ordinary", "special"),
    "buyer": ("us", "other"),
    "due": ("total", "differs"),
    "identity": ("full", "partial"),
    "payee": ("seller", "other"),
    "payment": ("transfer", "collected", "other"),
    "dates": ("plausible", "odd"),
    "vat": ("usual", "unusual"),
    "arithmetic": ("right", "unusual", "wrong"),
}
CLEAN: Facts = {name: words[0] for name, words in DOCUMENT.items()} | {"hold": "none"}
ORDERED = CLEAN | {
    "kind": "invoice",
    "amount": euro("1487.50"),
    "currency": "EUR",
    "supplier": "known",
    "iban": "same",
    "twin": "none",
    "order": "matched",
    "price_variance_pct": "0",
    "quantity_excess": "0",
    "preceding": "none",
}
NO_ORDER = ORDERED | {"order": "none", "price_variance_pct": None, "quantity_excess": None}
SMALL = NO_ORDER | {"amount": euro("480.00")}
CREDIT_NOTE = NO_ORDER | {"kind": "credit_note", "amount": euro("148.75"), "preceding": "booked"}
UNKNOWN: Facts = {"supplier": "unknown", "identity": "partial"}
CHANGED_IBAN: Facts = {"iban": "changed"}
MEDIUM: Facts = {"amount": euro("60000")}
LARGE: Facts = {"amount": euro("250000")}


def ask(facts: Mapping[str, object]) -> Decision | Escalation:
    return decide(TABLE, facts, as_of=DAY)


def outcome_of(facts: Facts) -> str | None:
    """The role that is asked, or the route if nobody is."""
    answer = ask(facts)
    assert isinstance(answer, Decision), answer
    return answer.outcome["role"] or answer.outcome["route"]


@pytest.mark.parametrize(
    ("sample", "facts", "outcome"),
    [
        ("01 clean with order", ORDERED, "book"),
        ("02 over order", ORDERED | {"price_variance_pct": "8.00"}, "buyer"),
        ("03 no order, small", SMALL, "book"),
        ("04 no order", NO_ORDER | {"amount": euro("4200.00")}, "buyer"),
        (
            "05 unknown supplier",
            NO_ORDER | UNKNOWN | CHANGED_IBAN | {"amount": euro("1130.50")},
            "purchasing",
        ),
        ("06 duplicate", ORDERED | {"twin": "same", "quantity_excess": "40"}, "reject"),
        ("07 arithmetic wrong", ORDERED | {"arithmetic": "wrong"}, "reject"),
        ("08 changed IBAN", ORDERED | CHANGED_IBAN, "treasury"),
        ("09 credit note", CREDIT_NOTE, "book"),
        ("10 foreign currency", ORDERED | {"currency": "USD"}, "treasury"),
        ("11 hybrid", ORDERED | {"amount": euro("870.00")}, "book"),
        ("12 above limit", ORDERED | {"amount": euro("368900.00")}, "cfo"),
        ("13 partly received", ORDERED | {"quantity_excess": "2"}, "buyer"),
    ],
)
def test_the_samples_come_out_as_finance_expects(sample: str, facts: Facts, outcome: str) -> None:
    assert outcome_of(facts) == outcome, sample


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (ORDERED | {"amount": euro("49999.99")}, "book"),
        (ORDERED | {"amount": euro("50000")}, "controller"),
        (ORDERED | {"amount": euro("249999.99")}, "controller"),
        (ORDERED | {"amount": euro("250000.00")}, "cfo"),
        (ORDERED | {"amount": euro("999999.99")}, "cfo"),
        (NO_ORDER | {"amount": euro("1000.00")}, "book"),
        (NO_ORDER | {"amount": euro("1000.01")}, "buyer"),
        (NO_ORDER | {"amount": euro("50000")}, "controller"),
        (ORDERED | {"amount": euro("0.01")}, "book"),
        (ORDERED | {"amount": euro("0.00")}, "ap_clerk"),
        (ORDERED | {"amount": euro("-119.00")}, "ap_clerk"),
        (ORDERED | {"price_variance_pct": "2.00"}, "book"),
        (ORDERED | {"price_variance_pct": "2.01"}, "buyer"),
        (ORDERED | {"price_variance_pct": "-30"}, "book"),
        (ORDERED | {"quantity_excess": "-4"}, "book"),
        (ORDERED | {"quantity_excess": "0.001"}, "buyer"),
    ],
)
def test_limits_and_tolerances_are_exact_to_the_cent(facts: Facts, outcome: str) -> None:
    assert outcome_of(facts) == outcome


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (ORDERED | CHANGED_IBAN | {"price_variance_pct": "8"}, "treasury"),
        (NO_ORDER | CHANGED_IBAN | {"amount": euro("4200")}, "treasury"),
        (CREDIT_NOTE | CHANGED_IBAN, "treasury"),
        (ORDERED | CHANGED_IBAN | LARGE, "cfo"),
        (ORDERED | CHANGED_IBAN | {"twin": "same"}, "reject"),
        (ORDERED | LARGE | {"arithmetic": "wrong"}, "reject"),
        (ORDERED | LARGE | {"hold": "all", "twin": "same"}, "legal"),
        (ORDERED | LARGE | {"hold": "payment"}, "cfo"),
        (ORDERED | LARGE | {"currency": "USD"}, "cfo"),
        (ORDERED | {"currency": "XTS", "amount": None}, "treasury"),
        (ORDERED | UNKNOWN | {"currency": "USD"}, "purchasing"),
        (ORDERED | {"twin": "number", "quantity_excess": "1"}, "ap_clerk"),
        (ORDERED | MEDIUM | {"price_variance_pct": "8"}, "controller"),
        (ORDERED | LARGE | {"buyer": "other"}, "cfo"),
        (ORDERED | UNKNOWN | {"buyer": "other"}, "ap_clerk"),
        (ORDERED | CHANGED_IBAN | {"identity": "partial", "payee": "other"}, "purchasing"),
        (ORDERED | {"payment": "other", "twin": "number"}, "treasury"),
        (ORDERED | {"vat": "unusual", "quantity_excess": "1"}, "ap_clerk"),
    ],
)
def test_of_several_reasons_the_weightier_decides(facts: Facts, outcome: str) -> None:
    assert outcome_of(facts) == outcome


# For each rule, facts that it alone decides as it does: those of the first example that expects it.
DECIDED_BY: dict[str, Facts] = {
    rule.id: next(dict(one.given) for one in TABLE.examples if one.expect.rule == rule.id)
    for rule in TABLE.rules
}


def rule_of(facts: Mapping[str, object]) -> str:
    answer = ask(facts)
    return answer.rule if isinstance(answer, Decision) else answer.kind


@pytest.mark.parametrize("rule", DECIDED_BY)
def test_without_a_rule_its_facts_go_to_a_person_and_are_never_booked(rule: str) -> None:
    rest = replace(TABLE, rules=tuple(one for one in TABLE.rules if one.id != rule))

    assert decide(rest, DECIDED_BY[rule], as_of=DAY).kind == "no_rule"


STEEL = {"entity": "HW-DE", "contract": "FC-2026-17"}
AUSTRIA = {"entity": "HW-AT", "contract": None}
BOTH = {"entity": "HW-AT", "contract": "FC-2026-17"}


@pytest.mark.parametrize(
    ("context", "facts", "outcome"),
    [
        ({}, {"price_variance_pct": "2.00"}, "book"),
        ({}, {"price_variance_pct": "2.01"}, "buyer"),
        (AUSTRIA, {"price_variance_pct": "1.00"}, "book"),
        (AUSTRIA, {"price_variance_pct": "1.01"}, "buyer"),
        (STEEL, {"price_variance_pct": "5.00", "quantity_excess": "2"}, "book"),
        (STEEL, {"price_variance_pct": "5.01"}, "buyer"),
        (STEEL, {"quantity_excess": "2.01"}, "buyer"),
        (BOTH, {"price_variance_pct": "5.00"}, "book"),
        (STEEL, {"price_variance_pct": "2.01", "amount": euro("20000.01")}, "buyer"),
        (BOTH, {"price_variance_pct": "1.01", "amount": euro("20000.01")}, "buyer"),
        (STEEL, {"price_variance_pct": "2.01", "amount": euro("49999.99")}, "buyer"),
        (STEEL, {"price_variance_pct": "0", "amount": euro("50000")}, "controller"),
    ],
)
def test_of_the_tolerances_of_group_entity_and_contract_the_most_specific_counts(
    context: dict[str, str | None], facts: Facts, outcome: str
) -> None:
    table = load_table("invoice_to_pay", context=context, as_of=DAY)

    answer = decide(table, ORDERED | facts, as_of=DAY)

    assert isinstance(answer, Decision)
    assert (answer.outcome["role"] or answer.outcome["route"]) == outcome


def test_a_contract_is_void_after_its_last_day() -> None:
    days = [date(2027, 12, 31), date(2028, 1, 1)]
    tables = [load_table("invoice_to_pay", context=STEEL, as_of=day) for day in days]

    answers = [
        decide(table, ORDERED | {"price_variance_pct": "5"}, as_of=day)
        for table, day in zip(tables, days, strict=True)
    ]

    assert [answer.as_json()["rule"] for answer in answers] == ["IP-900", "IP-430"]


@pytest.mark.parametrize(
    ("facts", "approvers"),
    [
        (ORDERED | {"amount": euro("999999.99")}, 1),
        (ORDERED | {"amount": euro("1000000")}, 2),
        (ORDERED | CHANGED_IBAN, 1),
        (ORDERED, None),
    ],
)
def test_from_a_million_on_it_takes_two_approvals(facts: Facts, approvers: int | None) -> None:
    answer = ask(facts)

    assert isinstance(answer, Decision)
    assert answer.outcome["approvers"] == approvers


def test_a_hold_goes_before_every_other_rule_and_the_decision_names_what_it_set_aside() -> None:
    answer = ask(ORDERED | {"hold": "all", "twin": "same"})

    assert isinstance(answer, Decision)
    assert (answer.rule, [one.rule for one in answer.overridden]) == ("IP-005", ["IP-010"])


def test_a_controller_answers_the_clerks_questions_but_not_whose_money_it_is_or_where_it_goes() -> None:
    kept = ["IP-105", "IP-110", "IP-112", "IP-115", "IP-120", "IP-130", "IP-135", "IP-140"]
    answered = ["IP-210", "IP-220", "IP-230", "IP-240", "IP-250"]

    assert [rule_of(DECIDED_BY[rule] | MEDIUM) for rule in kept] == kept
    assert {rule_of(DECIDED_BY[rule] | MEDIUM) for rule in answered} == {"IP-200"}


# What else the facts can be; amounts and numbers by class, the ends of each class among its members.
BANDS = (
    ("-5", "0"),
    ("0.01", "1000"),
    ("1000.01", "49999.99"),
    ("50000", "249999.99"),
    ("250000", "1000000"),
)
MATCH: Columns = {
    "kind": ("invoice", "credit_note"),
    "amount": [(None,), *((euro(low), euro(high)) for low, high in BANDS)],
    "currency": ("EUR", "USD"),
    "supplier": ("known", "unknown"),
    "iban": ("same", "changed", "absent"),
    "twin": ("none", "same", "number"),
    "order": ("matched", "partial", "unknown_order", "none"),
    "price_variance_pct": ((None,), ("-5", "0", "2.00"), ("2.01", "8")),
    "quantity_excess": ((None,), ("-1", "0.0"), ("0.001", "2")),
    "preceding": ("booked", "not_booked", "none"),
}

HOLD: Columns = {"hold": ("none", "payment", "all")}
DAYS: Columns = {"days_apart": ((None,), (0, 7), (8, 20), (21, 366))}


def grid(columns: Columns, *, over: Sequence[Facts]) -> Iterator[Facts]:
    """Each of these facts with every combination of the columns; of a class one member, drawn anew."""
    draw = Random(2026).choice
    for facts, row in product(over, product(*columns.values())):
        values = [value if isinstance(value, str) else draw(value) for value in row]
        yield facts | dict(zip(columns, values, strict=True))


def sample() -> Iterator[Facts]:
    """Facts that could be booked, each time another share of them drawn from all that they can be."""
    random, columns = Random(2026), {**MATCH, **DOCUMENT, **HOLD, **DAYS}
    for _ in range(12_000):
        share = random.random()
        changed = {name: random.choice(columns[name]) for name in columns if random.random() < share}
        values = {name: one if isinstance(one, str) else random.choice(one) for name, one in changed.items()}
        yield random.choice((ORDERED, SMALL, CREDIT_NOTE)) | values


def may_be_booked(facts: Facts) -> bool:
    """What a controller demands of a booking without a person, written without the table."""
    money = facts["amount"]
    amount = Decimal(str(money["amount"])) if isinstance(money, dict) else None
    if amount is None or not 0 < amount < 50_000 or not beyond_doubt(facts):
        return False
    if facts["kind"] == "credit_note":
        return facts["preceding"] == "booked"
    unordered = facts["order"] == "none" and {facts["price_variance_pct"], facts["quantity_excess"]} == {None}
    return facts["preceding"] == "none" and (delivered(facts) or (amount <= 1000 and unordered))


def beyond_doubt(facts: Facts) -> bool:
    paper = [facts[name] for name in ("type", "buyer", "dates", "vat", "arithmetic")]
    money = [facts[name] for name in ("supplier", "identity", "payee", "payment", "due", "currency")]
    clear = paper == ["ordinary", "us", "plausible", "usual", "right"] and facts["iban"] != "changed"
    clear = clear and booked_never(facts)
    return (
        clear and facts["hold"] != "all" and money == ["known", "full", "seller", "transfer", "total", "EUR"]
    )


def booked_never(facts: Facts) -> bool:
    """Nothing booked has its number, or its amount within a week, without an order within twenty days."""
    days = facts.get("days_apart")
    far = days is None or (isinstance(days, int) and days > (20 if facts["order"] == "none" else 7))
    return far and facts["twin"] == "none"


def delivered(facts: Facts) -> bool:
    variance, excess = facts["price_variance_pct"], facts["quantity_excess"]
    compared = facts["order"] == "matched" and variance is not None and excess is not None
    return compared and Decimal(str(variance)) <= 2 and Decimal(str(excess)) <= 0


def unsound(every: Iterable[Facts]) -> list[Facts]:
    """Those that are not decided, or that are booked, or that a booking rule fits, against the oracle."""
    return [facts for facts in every if not is_sound(ask(facts), may=may_be_booked(facts))]


def is_sound(answer: Decision | Escalation, *, may: bool) -> bool:
    if not isinstance(answer, Decision):
        return False
    fitting = {answer.rule, *(row.rule for row in answer.why_not if row.yields_to)}
    return (answer.outcome["route"] == "book") == may == bool(fitting & BOOKING)


def test_every_supplier_amount_and_match_is_decided_and_booked_exactly_if_a_controller_would() -> None:
    assert unsound(grid(MATCH, over=[CLEAN])) == []


def test_every_doubt_about_the_document_is_decided_and_keeps_it_from_being_booked() -> None:
    over = ["IP-900", "IP-910", "IP-920", "IP-100", "IP-110", "IP-120", "IP-140", "IP-200", "IP-430"]

    assert unsound(grid(DOCUMENT, over=[DECIDED_BY[rule] for rule in over])) == []


def test_whatever_the_facts_they_are_decided_and_booked_exactly_if_a_controller_would() -> None:
    every = list(sample())

    assert unsound(every) == []
    assert 1_000 < sum(map(may_be_booked, every)) < 10_000, "the sample shows little"


def relied_on(facts: Facts) -> set[str]:
    """What the rule that decides on these facts tests; a credit note is booked whatever its order is."""
    [rule] = [rule for rule in TABLE.rules if rule.id == rule_of(facts)]
    return {condition.input for condition in rule.conditions}


@pytest.mark.parametrize("name", ORDERED)
@pytest.mark.parametrize("value", [None, "", "yes", "NaN", 0, 1.0, True, [], {}, "12,500.00", "1200.00 EUR"])
def test_a_fact_that_is_missing_or_of_another_form_is_never_booked(name: str, value: object) -> None:
    booked = [facts for facts in (ORDERED, SMALL, CREDIT_NOTE) if facts[name] is not value]
    changed = [facts | {name: value} for facts in booked if value is not None or name in relied_on(facts)]

    assert BOOKING.isdisjoint(map(rule_of, changed))
