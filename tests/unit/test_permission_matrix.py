"""The permission matrix: policies and a table in plain Python agree on every call."""

import itertools
import random
from decimal import Decimal

import pytest
from policy_books import BANK, call, policy_set

CALLS = 2_000
PROCESSES = ("payables", "treasury", "travel")
PERSONS = ("anna", "bob", "mallory")
SUPPLIERS = ("S-1", "S-2", "S-9")
AMOUNTS = (
    "0.00",
    "0.01",
    "999.99",
    "1000.00",
    "1000.01",
    "50000.00",
    "100000.00",
    "999999999999.99",
    "-5.00",
)
CURRENCIES = ("EUR", "USD", "SEK")
IBANS = ("DE11", "DE99", None)

POLICIES = """
@id("reads") @reason("payables and treasury look up")
permit (principal, action in Action::"read", resource == Server::"bank")
when { principal in Process::"payables" || principal in Process::"treasury" };

@id("payables-small") @reason("payables pays up to 1,000 EUR to known suppliers")
permit (principal == Agent::"process/payables", action == Action::"bank.pay", resource)
when {
  context.arguments.currency == "EUR" &&
  context.arguments.amount.greaterThan(decimal("0.0")) &&
  context.arguments.amount.lessThanOrEqual(decimal("1000.0")) &&
  ["S-1", "S-2"].contains(context.arguments.supplier)
};

@id("treasury-large") @reason("treasury pays up to 100,000 in any currency, after a review")
@obligation("review:cfo")
permit (principal in Process::"treasury", action == Action::"bank.pay", resource)
when {
  principal.kind == "process" &&
  context.arguments.amount.greaterThan(decimal("0.0")) &&
  context.arguments.amount.lessThanOrEqual(decimal("100000.0"))
};

@id("bob-undoes") @reason("bob may have effects undone")
permit (principal, action == Action::"bank.undo", resource)
when { principal.person == Person::"bob" && context.fields.contains("payment") };

@id("not-mallory") @reason("mallory is under investigation")
forbid (principal, action in Action::"change", resource)
when { principal.person == Person::"mallory" };

@id("no-known-thief") @reason("that account is a thief's")
forbid (principal, action == Action::"bank.pay", resource)
when { context.arguments has iban && context.arguments.iban == "DE99" };

@id("models-only-read") @reason("no model moves money")
forbid (principal, action in Action::"change", resource)
when { principal.kind == "model" };
"""


def expected(asked):
    """Say from the same intent, in other words, what is allowed."""
    who, process, person, given = (
        asked.caller.agent,
        asked.caller.process,
        asked.caller.person,
        asked.arguments,
    )
    if asked.tool == "get":
        return "allow" if process in {"payables", "treasury"} else "deny"
    if person == "mallory" or not who.startswith("process/"):
        return "deny"
    if asked.tool == "undo":
        return "allow" if (person, "payment" in given) == ("bob", True) else "deny"
    if given.get("iban") == "DE99":
        return "deny"
    cents = int(Decimal(given["amount"]) * 100)
    table = {
        "payables": ("allow", 100_000, {"S-1", "S-2"}, {"EUR"}),
        "treasury": ("review", 10_000_000, set(SUPPLIERS), set(CURRENCIES)),
    }
    decision, most, suppliers, currencies = table.get(process, ("deny", 0, set(), set()))
    fits = 0 < cents <= most and given["supplier"] in suppliers and given["currency"] in currencies
    return decision if fits else "deny"


def said(policies, asked):
    verdict = policies.decide(asked)
    if not verdict.allowed:
        return "deny"
    return "review" if any(owed.kind == "review" for owed in verdict.obligations) else "allow"


def generated():
    """Every agent, process, person and tool, each with arguments drawn under one seed."""
    draw = random.Random(5)
    kinds = itertools.cycle(itertools.product(("process", "model"), PROCESSES, PERSONS, BANK.tools))
    for kind, process, person, tool in itertools.islice(kinds, CALLS):
        arguments = {
            "get": lambda: {"number": draw.choice(("1", "2"))},
            "undo": lambda: draw.choice(({"payment": "P-1"}, {"other": "P-1"})),
            "pay": lambda: {
                "supplier": draw.choice(SUPPLIERS),
                "amount": draw.choice(AMOUNTS),
                "currency": draw.choice(CURRENCIES),
                "iban": draw.choice(IBANS),
            },
        }[tool]()
        agent = f"process/{process}" if kind == "process" else "model/helper"
        yield call(tool, person=person, agent=agent, process=process, **arguments)


def test_policies_and_table_agree_on_every_call(tmp_path):
    policies, calls = policy_set(tmp_path, POLICIES), list(generated())

    different = [(asked, expected(asked)) for asked in calls if said(policies, asked) != expected(asked)]

    assert different == []
    assert len(calls) >= 1_000
    assert {expected(asked) for asked in calls} == {"allow", "review", "deny"}


IDS = [part.split('"')[1] for part in POLICIES.split("@id")[1:]]


@pytest.mark.parametrize("dropped", IDS)
def test_without_any_one_policy_the_matrix_differs(tmp_path, dropped):
    kept = [f"@id{part}" for part in POLICIES.split("@id")[1:] if part.split('"')[1] != dropped]
    policies = policy_set(tmp_path, "".join(kept))

    assert any(said(policies, asked) != expected(asked) for asked in generated())
