"""Running the examples of tables: the shipped ones pass, and a failing one says what came out."""

import pytest

from rules import LayeredTable, list_tables, load_layers, parse_overlay, parse_table
from rules.trial import Trial, try_examples

TABLE = """\
id: limits
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
hit: unique
inputs:
  amount: {type: money, currency: EUR, optional: true}
  urgent: {type: boolean, optional: true}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: R1, when: {amount: ">= 1000"}, then: {route: ask}, because: Large}
- {id: R2, when: {amount: "< 1000"}, then: {route: pay}, because: Small}
- {id: R3, when: {urgent: true}, then: {route: pay}, because: Urgent}
- {id: R4, when: {amount: missing, urgent: false}, then: {route: ask}, because: Unknown}
examples:
"""


def trial(*examples: str) -> Trial:
    return try_examples(LayeredTable(parse_table(TABLE + "".join(f"- {{{one}}}\n" for one in examples)), ()))


@pytest.mark.parametrize("name", list_tables())
def test_the_examples_of_every_shipped_table_pass_and_reach_every_rule(name: str) -> None:
    tried = try_examples(load_layers(name))

    assert [(one.example.line, one.differences) for one in tried.failed] == []
    assert [rule.id for rule in tried.unreached] == []


@pytest.mark.parametrize(
    ("expect", "differences"),
    [
        ("route: ask, rule: R1", []),
        ("route: pay", ["route is ask, expected pay"]),
        ("rule: R2", ["the rule is {R1}, expected R2"]),
        ("rule: R2, route: pay", ["the rule is {R1}, expected R2", "route is ask, expected pay"]),
        ("escalation: no_rule", ["the answer is decision, expected no_rule"]),
    ],
)
def test_an_example_passes_exactly_if_all_is_as_expected(expect: str, differences: list[str]) -> None:
    [tried] = trial(f"name: A, given: {{amount: 1000}}, expect: {{{expect}}}").tried

    assert list(map(str, tried.differences)) == differences
    assert tried.passed == (not differences)


def test_an_escalation_may_be_what_is_expected() -> None:
    [both, none] = trial(
        "name: Both, given: {amount: 5, urgent: true}, expect: {escalation: conflict, rule: R3}",
        "name: None, given: {}, expect: {route: pay}",
    ).tried

    assert both.passed
    assert list(map(str, none.differences)) == ["the answer is no_rule, expected decision"]


def test_a_rule_is_reached_by_a_decision_or_a_conflict() -> None:
    tried = trial(
        "name: Small, given: {amount: 5}, expect: {rule: R2}",
        "name: Both, given: {amount: 5, urgent: true}, expect: {escalation: conflict}",
    )

    assert [rule.id for rule in tried.unreached] == ["R1", "R4"]


def test_examples_of_another_day_are_asked_on_that_day() -> None:
    [early] = trial(
        "name: A, given: {amount: 5}, as_of: 2025-12-31, expect: {escalation: not_in_force}"
    ).tried

    assert early.passed


def test_overlays_have_examples_of_their_own_context_and_rules_to_be_reached() -> None:
    base = parse_table(
        f"contexts: [entity]\n{TABLE}- {{name: A, given: {{amount: 1000}}, expect: {{rule: R1}}}}\n"
    )
    text = """
overlays: limits
id: austria
version: 1
owner: Finance
title: Austria
effective: {from: 2026-01-01}
context: {entity: AT}
rules:
- {id: R1, when: {amount: ">= 1000"}, then: {route: pay}, because: Trusted}
- {id: A1, when: {urgent: false}, then: {route: ask}, because: Slow}
examples:
- {name: A large one, given: {amount: 1000}, expect: {rule: R1, route: %s}}
"""

    austria = (parse_overlay(text % route, base, "at.yaml") for route in ("pay", "ask"))
    right, wrong = (try_examples(LayeredTable(base, [one])) for one in austria)

    assert [(one.example.file, one.passed) for one in (*right.tried, *wrong.tried)] == [
        ("table", True),
        ("at.yaml", True),
        ("table", True),
        ("at.yaml", False),
    ]
    assert [(rule.origin, rule.id) for rule in right.unreached] == [
        ("table", "R2"),
        ("table", "R3"),
        ("table", "R4"),
        ("at.yaml", "A1"),
    ]
