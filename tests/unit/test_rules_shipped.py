"""All shipped tables: no row can go unnoticed, and no amount of another form is ever approved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from rules import Decision, JsonValue, LayeredTable, Rule, decide, list_tables, load_layers
from rules.trial import try_examples
from rules.values import MoneyType

Outcome = Mapping[str, JsonValue]

# What each table may say only of an amount that it has read.
APPROVES: dict[str, Callable[[Outcome], bool]] = {
    "invoice_duplicates": lambda outcome: False,  # is told no amount
    "invoice_payment": lambda outcome: outcome["pay"] == "early",
    "invoice_to_pay": lambda outcome: outcome["route"] == "book",
    "invoice_tolerances": lambda outcome: (outcome["price_pct"], outcome["quantity"]) != ("0", "0"),
}
AMOUNTS: list[JsonValue] = [
    None,
    "1200.00",
    1200.0,
    1200,
    True,
    "12,500.00",
    "1200.00 EUR",
    "NaN",
    {"amount": 1200.0, "currency": "EUR"},
    {"amount": "12,500.00", "currency": "EUR"},
    {"amount": "NaN", "currency": "EUR"},
    {"amount": "Infinity", "currency": "EUR"},
    {"amount": "1e3", "currency": "EUR"},
    {"amount": "1200.00", "currency": "USD"},
    {"amount": "1200.00"},
    {"amount": None, "currency": "EUR"},
]


def lacking(name: str) -> Iterator[tuple[Rule, LayeredTable]]:
    """A shipped table with its overlays, each time without another row."""
    layers = load_layers(name)
    asked = list(layers.asked.values())
    for rule in layers.base.rules:
        base = replace(layers.base, rules=tuple(one for one in layers.base.rules if one is not rule))
        yield rule, LayeredTable(base, layers.overlays, asked)
    for overlay in layers.overlays:
        others = [one for one in layers.overlays if one is not overlay]
        for rule in overlay.rules:
            rest = replace(overlay, rules=tuple(one for one in overlay.rules if one is not rule))
            yield rule, LayeredTable(layers.base, [*others, rest], asked)


@pytest.mark.parametrize("name", list_tables())
def test_without_any_one_row_an_example_fails(name: str) -> None:
    unnoticed = [rule.id for rule, layers in lacking(name) if not try_examples(layers).failed]

    assert unnoticed == []


@pytest.mark.parametrize("name", list_tables())
def test_no_amount_of_another_form_is_approved(name: str) -> None:
    layers = load_layers(name)
    approved = []
    for table, example in layers.examples():
        money = [one.name for one in table.given.values() if isinstance(one.type, MoneyType)]
        for fact, amount in ((fact, amount) for fact in money for amount in AMOUNTS):
            answer = decide(table, {**example.given, fact: amount}, as_of=example.as_of)
            if isinstance(answer, Decision) and APPROVES[name](answer.outcome):
                approved.append((example.name, fact, amount))

    assert approved == []


def test_every_table_that_asks_for_money_can_approve_it() -> None:
    answers = {
        name: [decide(table, one.given, as_of=one.as_of) for table, one in load_layers(name).examples()]
        for name in list_tables()
    }

    assert [
        name
        for name, said in answers.items()
        if not any(isinstance(one, Decision) and APPROVES[name](one.outcome) for one in said)
    ] == ["invoice_duplicates"]
