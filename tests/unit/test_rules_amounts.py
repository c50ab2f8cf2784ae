"""Amounts and other numbers in every form that is none: no shipped table approves on one of them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from rules import Decision, Escalation, Example, Table, decide, list_tables, load_layers
from rules.values import DecimalType

# What counts as an approval, for each table in `rules/` that says what becomes of a payment.
APPROVALS = {"invoice_to_pay": ("route", "book"), "invoice_payment": ("pay", "early")}
NO_NUMBERS: list[object] = [
    "12,500.00",
    "12.500,00",
    "1e3",
    "NaN",
    "Infinity",
    " 1",
    "",
    "ten",
    1,
    1.0,
    float("nan"),
    Decimal(1),
    True,
    [],
    ["1"],
    {},
    {"amount": 1.0, "currency": "EUR"},
    {"amount": "12,500.00", "currency": "EUR"},
    {"amount": "NaN", "currency": "EUR"},
    {"amount": "1", "currency": "USD"},
    {"amount": "1", "currency": "eur"},
    {"amount": "1"},
    {"amount": None, "currency": "EUR"},
]
Case = tuple[Table, Example, str]


def cases() -> Iterator[Case]:
    """Each example of a decision, those of overlays as well, with each number that it gives."""
    for table, example in (one for name in list_tables() for one in load_layers(name).examples()):
        if decide(table, example.given, as_of=example.as_of).kind == "decision":
            for name, declared in table.given.items():
                if isinstance(declared.type, DecimalType) and example.given.get(name) is not None:
                    yield table, example, name


CASES = list(cases())


def ask(case: Case, value: object) -> Decision | Escalation:
    table, example, name = case
    return decide(table, example.given | {name: value}, as_of=example.as_of)


def approves(table: Table, answer: Decision | Escalation) -> bool:
    output, word = APPROVALS.get(table.id, ("", ""))
    return isinstance(answer, Decision) and bool(output) and answer.outcome[output] == word


APPROVED = [
    (table, example, name)
    for table, example, name in CASES
    if approves(table, ask((table, example, name), example.given[name]))
]


def test_every_shipped_table_that_says_what_becomes_of_a_payment_approves_one_in_an_example() -> None:
    deciding = {table.id for table, _, _ in CASES if {"route", "pay"} & table.outputs.keys()}

    assert {table.id for table, _, _ in APPROVED} == set(APPROVALS) == deciding


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_a_number_in_another_form_decides_nothing(value: object) -> None:
    assert {ask(case, value).kind for case in CASES} == {"invalid_input"}


def test_text_without_a_currency_is_no_amount() -> None:
    money = [case for case in CASES if isinstance(case[1].given[case[2]], dict)]

    assert {ask(case, "1200.00").kind for case in money} == {"invalid_input"}


def test_an_amount_with_a_currency_is_no_plain_number() -> None:
    plain = [case for case in CASES if not isinstance(case[1].given[case[2]], dict)]

    assert {ask(case, {"amount": "1", "currency": "EUR"}).kind for case in plain} == {"invalid_input"}


@pytest.mark.parametrize("given", ["absent", "null"])
def test_nothing_is_approved_without_the_number_that_it_was_approved_with(given: str) -> None:
    for table, example, name in APPROVED:
        others = {one: fact for one, fact in example.given.items() if one != name}

        answer = decide(table, others | ({name: None} if given == "null" else {}), as_of=example.as_of)

        assert not approves(table, answer), (example.name, name)
