"""Amounts and other numbers in every form that is none: no shipped table approves on one of them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from rules import Decision, Example, Table, decide, list_tables, load_table
from rules.values import DecimalType

# What counts as an approval, for each table in `rules/`; a new table says so here.
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
TABLES = [load_table(name) for name in list_tables()]


def approved(table: Table) -> Iterator[Example]:
    """The table's own examples of an approval."""
    output, word = APPROVALS[table.id]
    for example in table.examples:
        answer = decide(table, example.given, as_of=example.as_of)
        if isinstance(answer, Decision) and answer.outcome[output] == word:
            yield example


def cases() -> Iterator[tuple[Table, Example, str]]:
    """Each approval with each number that it was given."""
    for table in TABLES:
        for example in approved(table):
            numbers = [name for name, one in table.given.items() if isinstance(one.type, DecimalType)]
            yield from ((table, example, name) for name in numbers if example.given.get(name) is not None)


CASES = list(cases())


def outcome(table: Table, example: Example, name: str, value: object) -> object:
    answer = decide(table, example.given | {name: value}, as_of=example.as_of)
    return answer.outcome[APPROVALS[table.id][0]] if isinstance(answer, Decision) else answer.kind


def test_every_shipped_table_approves_in_an_example_that_gives_a_number() -> None:
    assert {table.id for table, _, _ in CASES} == set(APPROVALS) == {table.id for table in TABLES}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_a_number_in_another_form_decides_nothing(value: object) -> None:
    said = {outcome(table, example, name, value) for table, example, name in CASES}

    assert said == {"invalid_input"}


def test_text_without_a_currency_is_no_amount() -> None:
    money = [case for case in CASES if isinstance(case[1].given[case[2]], dict)]

    assert {outcome(*case, "1200.00") for case in money} == {"invalid_input"}


def test_an_amount_with_a_currency_is_no_plain_number() -> None:
    plain = [case for case in CASES if not isinstance(case[1].given[case[2]], dict)]

    assert {outcome(*case, {"amount": "1", "currency": "EUR"}) for case in plain} == {"invalid_input"}


@pytest.mark.parametrize("given", ["absent", "null"])
def test_a_number_that_is_missing_is_approved_by_no_rule_that_was_given_it(given: str) -> None:
    for table, example, name in CASES:
        facts = {other: fact for other, fact in example.given.items() if other != name}

        answer = decide(table, facts if given == "absent" else facts | {name: None}, as_of=example.as_of)

        output, word = APPROVALS[table.id]
        assert not (isinstance(answer, Decision) and answer.outcome[output] == word), (example.name, name)
