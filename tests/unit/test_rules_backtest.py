"""Past decisions put to a changed table, held against a plain loop over them."""

import random
import socket
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rules import LayeredTable, Table, decide, load_layers, load_table, restore_layers
from rules.change import Backtest, Past, Said, backtest, said_of

NOTHING: dict[str, Any] = {"overlays": [], "asked": {}}
DAY = "2026-10-31"
SHIPPED = load_table("invoice_to_pay")
SOURCES = load_layers("invoice_to_pay").sources
TEXT = SOURCES[SHIPPED.file]
BESIDE = {file: text for file, text in SOURCES.items() if file != SHIPPED.file}


def changed(*changes: tuple[str, str]) -> LayeredTable:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return restore_layers({SHIPPED.file: text, **BESIDE})


def random_facts(rng: random.Random) -> dict[str, Any]:
    """Facts of an invoice that is nearly always an ordinary one."""
    ordinary: dict[str, Any] = dict(next(one.given for one in SHIPPED.examples))
    amount = f"{rng.choice([3, 400, 900, 4000, 60_000, 300_000])}.{rng.randint(0, 99):02}"
    facts = ordinary | {"amount": {"amount": amount, "currency": "EUR"}}
    for name in rng.sample(list(SHIPPED.inputs), rng.choice([0, 0, 1, 2])):
        kind = SHIPPED.inputs[name].type
        if values := getattr(kind, "values", None):
            facts[name] = rng.choice(values)
    if rng.random() < 0.05:
        facts["amount"] = rng.choice(["480.00", None, {"amount": "4", "currency": "USD"}])
    return facts


def decided(count: int, *, seed: int) -> list[Past]:
    rng = random.Random(seed)
    past = []
    for number in range(count):
        facts = random_facts(rng)
        said = said_of(decide(SHIPPED, facts, as_of=DAY))
        past.append(
            Past(
                case=f"case-{number}",
                is_open=rng.random() < 0.4,
                as_of=None if number % 97 == 0 else SHIPPED.effective_from,
                facts=facts,
                record=NOTHING,
                said=said,
            )
        )
    return past


def by_hand(table: Table, past: list[Past]) -> dict[str, tuple[Counter[bool], set[str], Decimal]]:
    """The same in a plain loop: how many of open and other cases flip so, which, and their money."""
    found: dict[str, tuple[Counter[bool], set[str], Decimal]] = {}
    for one in past:
        answer = said_of(decide(table, one.facts, as_of=one.as_of))
        old, new = (one.said.kind, dict(one.said.outcome)), (answer.kind, dict(answer.outcome))
        if old == new:
            continue
        counts, cases, money = found.get(f"{old} {new}", (Counter[bool](), set(), Decimal(0)))
        amount = one.facts["amount"]
        counted = isinstance(amount, dict)
        found[f"{old} {new}"] = (
            counts + Counter([one.is_open]),
            cases | {one.case},
            money + (Decimal(str(amount["amount"])) if isinstance(amount, dict) and counted else 0),
        )
    return found


def as_by_hand(result: Backtest) -> dict[str, tuple[Counter[bool], set[str], Decimal]]:
    return {
        f"{(flip.old.kind, dict(flip.old.outcome))} {(flip.new.kind, dict(flip.new.outcome))}": (
            Counter({True: len(flip.open), False: len(flip.finished)}),
            {*flip.open, *flip.finished},
            sum((sum(sums.values()) for sums in flip.money.values()), Decimal(0)),
        )
        for flip in result.flips
    }


def test_two_thousand_decisions_flip_as_a_plain_loop_says() -> None:
    past = decided(2000, seed=7)
    new = changed(
        ('"> 1000"', '"> 500"'), ('"(0..1000]"', '"(0..500]"'), ('"[250000..1000000)"', '"[50000..1000000)"')
    )

    result = backtest(new, past)

    assert result.tried == 2000
    assert len(result.flips) >= 3
    assert as_by_hand(result) == by_hand(new.base, past)


def test_the_same_text_flips_nothing() -> None:
    past = [one for one in decided(300, seed=8) if one.as_of]

    assert backtest(restore_layers(SOURCES), past).flips == ()


def test_a_backtest_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    past = decided(50, seed=9)

    def refuse(*arguments: object) -> None:
        raise AssertionError("a call left the process")

    monkeypatch.setattr(socket, "socket", refuse)

    assert backtest(changed(('"> 1000"', '"> 500"')), past).tried == 50


def test_a_table_that_is_not_in_force_yet_is_tried_as_if_it_were() -> None:
    past = decided(20, seed=10)
    later = changed(("effective: {from: 2026-01-01}", "effective: {from: 2030-01-01}"))

    kinds = {flip.new.kind for flip in backtest(later, past).flips}

    assert "not_in_force" not in kinds


def test_money_is_summed_by_currency_for_the_facts_that_are_named() -> None:
    said = Said("decision", {"route": "nowhere"}, ("OLD",))
    [example, *_] = SHIPPED.examples
    one = Past(
        case="a",
        is_open=True,
        as_of=SHIPPED.effective_from,
        facts={**example.given, "amount": {"amount": "0.10", "currency": "EUR"}},
        record=NOTHING,
        said=said,
    )
    dollars = replace(one, facts={**example.given, "amount": {"amount": "7", "currency": "USD"}})

    [flip, other] = backtest(restore_layers(SOURCES), [one, one, one, dollars], sum_=["amount"]).flips

    assert flip.as_json()["money"] == {"amount": [{"amount": "0.30", "currency": "EUR"}]}
    assert other.as_json()["money"] == {"amount": [{"amount": "7", "currency": "USD"}]}
    assert other.new.kind == "invalid_input"


def test_a_fact_that_the_changed_table_does_not_ask_for_is_named_and_not_told() -> None:
    rows = "- {id: A, when: {}, then: {route: review, role: buyer, approvers: 1}, because: so}\n"
    head = TEXT.partition("inputs:\n")[0]
    short = restore_layers(
        {
            "short.yaml": head
            + "inputs:\n  kind: {type: enum, values: [invoice, credit_note]}\noutputs:\n"
            + TEXT.partition("outputs:\n")[2].partition("\n\n")[0]
            + f"\n\nrules:\n{rows.replace('id: A', 'id: A, priority: 1')}"
        }
    )

    result = backtest(
        short, [one for one in decided(50, seed=11) if one.as_of and one.said.kind == "decision"]
    )

    assert "amount" in result.unasked
    assert {flip.new.kind for flip in result.flips} == {"decision"}
