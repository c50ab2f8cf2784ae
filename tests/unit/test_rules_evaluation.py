"""Which rule decides, and when none may."""

import json
from datetime import date

import pytest

from rules import Decision, Escalation, Table, decide, parse_table

DAY = date(2026, 10, 31)
HEAD = """\
id: limits
version: 2
owner: Finance
title: What is paid
effective: {from: 2026-01-01, to: 2026-12-31}
inputs:
  amount: {type: money, currency: EUR, optional: true}
  urgent: {type: boolean}
outputs:
  route: {type: enum, values: [pay, ask, reject]}
"""


def table(hit: str, *rules: str) -> Table:
    return parse_table(
        f"{HEAD}hit: {hit}\nrules:\n" + "".join(f"- {{{rule}, because: Why not}}\n" for rule in rules)
    )


def ask(
    asked: Table, amount: str | None, *, urgent: object = False, as_of: date = DAY
) -> Decision | Escalation:
    money = None if amount is None else {"amount": amount, "currency": "EUR"}
    return decide(asked, {"amount": money, "urgent": urgent}, as_of=as_of)


BY_PRIORITY = table(
    "priority",
    'id: LOW, priority: 1, when: {amount: "> 0"}, then: {route: pay}',
    'id: HIGH, priority: 3, when: {amount: ">= 1000"}, then: {route: ask}',
    "id: URGENT, priority: 2, when: {urgent: true}, then: {route: pay}",
    "id: UNKNOWN, priority: 3, when: {amount: missing, urgent: true}, then: {route: reject}",
)


def test_the_highest_priority_that_fits_decides() -> None:
    answer = ask(BY_PRIORITY, "1000", urgent=True)

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.because, dict(answer.outcome)) == ("HIGH", "Why not", {"route": "ask"})


def test_each_other_rule_says_why_it_did_not_decide() -> None:
    answer = ask(BY_PRIORITY, "1000.00", urgent=True)

    assert answer.as_json()["why_not"] == [
        {
            "rule": "LOW",
            "input": None,
            "cell": None,
            "value": None,
            "yields_to": "HIGH",
            "reason": "lower priority than HIGH",
        },
        {
            "rule": "URGENT",
            "input": None,
            "cell": None,
            "value": None,
            "yields_to": "HIGH",
            "reason": "lower priority than HIGH",
        },
        {
            "rule": "UNKNOWN",
            "input": "amount",
            "cell": "missing",
            "value": {"amount": "1000", "currency": "EUR"},
            "yields_to": None,
            "reason": "amount is 1000 EUR, the rule wants missing",
        },
    ]


def test_the_first_condition_that_failed_is_named() -> None:
    answer = ask(BY_PRIORITY, None, urgent=False)

    assert [(row.rule, row.input, row.reason) for row in answer.why_not] == [
        ("LOW", "amount", "amount is missing, the rule wants > 0"),
        ("HIGH", "amount", "amount is missing, the rule wants >= 1000"),
        ("URGENT", "urgent", "urgent is false, the rule wants true"),
        ("UNKNOWN", "urgent", "urgent is false, the rule wants true"),
    ]


def test_no_rule_that_fits_is_an_escalation() -> None:
    answer = ask(BY_PRIORITY, "-1")

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.message) == ("no_rule", "no rule of table 'limits' fits these facts")


TIED = (
    'id: A, priority: 1, when: {amount: "> 0"}, then: {route: %s}',
    "id: B, priority: 1, when: {urgent: true}, then: {route: %s}",
)


def test_a_tie_of_different_outcomes_is_a_conflict() -> None:
    answer = ask(table("priority", TIED[0] % "pay", TIED[1] % "ask"), "5", urgent=True)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.rules) == ("conflict", ("A", "B"))
    assert answer.message == "A and B of table 'limits' fit at once, and none has priority"


def test_a_tie_of_one_outcome_is_decided_by_the_upper_rule() -> None:
    answer = ask(table("priority", TIED[0] % "pay", TIED[1] % "pay"), "5", urgent=True)

    assert isinstance(answer, Decision)
    assert answer.rule == "A"
    assert answer.why_not[0].reason == "same priority and outcome as A"


def test_a_tie_below_the_rule_that_decides_is_no_conflict() -> None:
    top = 'id: TOP, priority: 2, when: {amount: "-"}, then: {route: reject}'

    answer = ask(table("priority", TIED[0] % "pay", TIED[1] % "ask", top), "5", urgent=True)

    assert isinstance(answer, Decision)
    assert answer.rule == "TOP"


LISTED = (
    'id: A, when: {amount: "> 0"}, then: {route: pay}',
    "id: B, when: {urgent: true}, then: {route: ask}",
)


def test_by_first_hit_the_upper_rule_decides() -> None:
    answer = ask(table("first", *LISTED), "5", urgent=True)

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.why_not[0].reason) == ("A", "stands below A")


def test_by_unique_hit_the_one_rule_that_fits_decides() -> None:
    answer = ask(table("unique", *LISTED), "5", urgent=False)

    assert isinstance(answer, Decision)
    assert answer.rule == "A"


@pytest.mark.parametrize("route", ["pay", "ask"])
def test_by_unique_hit_two_rules_that_fit_are_a_conflict_whatever_they_say(route: str) -> None:
    second = f"id: B, when: {{urgent: true}}, then: {{route: {route}}}"

    answer = ask(table("unique", LISTED[0], second), "5", urgent=True)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.rules) == ("conflict", ("A", "B"))


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2025, 12, 31), "not_in_force"),
        (date(2026, 1, 1), "decision"),
        (date(2026, 12, 31), "decision"),
        (date(2027, 1, 1), "not_in_force"),
    ],
)
def test_a_table_decides_from_its_first_day_to_its_last(day: date, kind: str) -> None:
    assert ask(BY_PRIORITY, "5", as_of=day).kind == kind


def test_a_missing_fact_is_neither_false_nor_zero() -> None:
    answer = ask(BY_PRIORITY, None, urgent=None)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.inputs) == ("missing_input", ("urgent",))


@pytest.mark.parametrize("amount", ["1000", "-1", None])
def test_an_answer_is_json_that_names_table_facts_and_day(amount: str | None) -> None:
    answer = ask(BY_PRIORITY, amount)

    record = answer.as_json()

    assert json.loads(json.dumps(record)) == record
    assert record["kind"] == answer.kind
    assert (record["table"], record["version"], record["as_of"]) == ("limits", "2", "2026-10-31")
    assert (record["digest"], record["facts_digest"]) == (BY_PRIORITY.digest, answer.basis.facts_digest)


def test_the_same_question_has_the_same_answer() -> None:
    assert ask(BY_PRIORITY, "1000").as_json() == ask(BY_PRIORITY, "1000.0").as_json()


@pytest.mark.parametrize(("amount", "kind"), [("500", "decision"), ("-1", "no_rule")])
def test_of_very_many_rules_those_that_yield_are_told_first_and_the_rest_left_out(
    amount: str, kind: str
) -> None:
    rows = [f'id: R{n}, priority: {n}, when: {{amount: ">= {n}"}}, then: {{route: pay}}' for n in range(2000)]
    asked = table("priority", *rows)

    answer = ask(asked, amount)

    told = answer.as_json()["why_not"]
    assert (answer.kind, len(told), len(answer.why_not)) == (kind, 100, 2000 - (kind == "decision"))
    assert [row["rule"] for row in told] == [f"R{n}" for n in range(100)]
    assert {row["yields_to"] for row in told} == {"R500" if kind == "decision" else None}
