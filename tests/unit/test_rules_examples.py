"""Examples in a table's file: how they are read, and that they decide nothing."""

from datetime import date

import pytest

from rules import Expectation, TableError, parse_table

TABLE = """\
id: limits
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
hit: priority
inputs:
  amount: {type: money, currency: EUR, optional: true}
  flags: {type: set, values: [hold, urgent], optional: true}
  count: {type: integer, optional: true}
outputs:
  route: {type: enum, values: [pay, ask]}
  role: {type: role, values: [cfo], only_when: {route: ask}}
rules:
- {id: R1, priority: 2, when: {amount: "> 10"}, then: {route: ask, role: cfo}, because: High}
- {id: R2, priority: 1, when: {amount: "<= 10"}, then: {route: pay}, because: Low}
"""
EXAMPLES = """\
examples:
- {name: A large one, given: {amount: 12.50, flags: [urgent, hold], count: 3}, as_of: 2026-03-01, expect: {route: ask, role: cfo}}
- {name: A small one, given: {amount: 9}, expect: {rule: R2, role: "-"}}
- {name: Unknown, given: {amount: missing}, expect: {escalation: no_rule}}
"""  # noqa: E501


def test_examples_give_facts_as_a_caller_would_and_expect_answers() -> None:
    large, small, unknown = parse_table(TABLE + EXAMPLES).examples

    assert (large.name, large.line, large.as_of) == ("A large one", 18, date(2026, 3, 1))
    assert large.given == {
        "amount": {"amount": "12.5", "currency": "EUR"},
        "flags": ["hold", "urgent"],
        "count": 3,
    }
    assert large.expect == Expectation(outcome={"route": "ask", "role": "cfo"}, rule=None, escalation=None)
    assert small.expect == Expectation(outcome={"role": None}, rule="R2", escalation=None)
    assert unknown.given == {"amount": None}
    assert unknown.expect == Expectation(outcome={}, rule=None, escalation="no_rule")


def test_an_example_without_a_day_is_of_the_first_day_in_force() -> None:
    assert parse_table(TABLE + EXAMPLES).examples[1].as_of == date(2026, 1, 1)


def test_an_example_like_an_earlier_one_has_its_facts_but_for_those_that_it_gives_itself() -> None:
    like = "- {name: Fewer, like: A large one, given: {count: 2, flags: []}, expect: {route: ask}}\n"

    large, *_, fewer = parse_table(TABLE + EXAMPLES + like).examples

    assert fewer.given == {**large.given, "count": 2, "flags": []}


def test_examples_do_not_change_the_digest() -> None:
    assert parse_table(TABLE + EXAMPLES).digest == parse_table(TABLE).digest


def test_collected_answers_are_expected_as_they_are_said() -> None:
    text = (
        TABLE.replace("hit: priority", "hit: collect")
        .replace("priority: 2, ", "")
        .replace("priority: 1, ", "")
    )
    listed = '- {name: Both, given: {amount: 5}, expect: {route: [pay, ask], role: ["-"]}}'

    [example] = parse_table(f"{text}examples:\n{listed}").examples
    [counted] = parse_table(
        f"{text}aggregate: count\nexamples:\n- {{name: N, given: {{}}, expect: {{route: 2}}}}"
    ).examples

    assert example.expect.outcome == {"route": ["pay", "ask"], "role": [None]}
    assert counted.expect.outcome == {"route": 2}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{name: A small one, ", "§{", "example 2: 'name' is missing"),
        ("{name: A small one, given: {amount: 9}, ", "§{name: A, ", "example 2: 'given' is missing"),
        ("name: Unknown", "name: §A small one", "example 3: 'name': 'A small one' is the name of an earlier"),
        ("name: Unknown", "name: Unknown, like: §Large", "example 3: 'like': there is no earlier example"),
        ("name: Unknown", "name: Unknown, like: §Unknown", "example 3: 'like': there is no earlier example"),
        ("{amount: 9}", "{amount: §9 EUR}", "example 2, 'given': 'amount': '9 EUR' is not a decimal"),
        ("{amount: 9}", "{§total: 9}", "example 2, 'given': 'total' is no input that is given"),
        ("[urgent, hold]", "§urgent", "example 1, 'given': 'flags': must be a list of words"),
        ("[urgent, hold]", "§[urgent, late]", "example 1, 'given': 'flags': 'late' is none of"),
        ("2026-03-01", "§March", "example 1: 'as_of': 'March' is not a date"),
        ("{escalation: no_rule}", "§{}", "example 3, 'expect': expects nothing"),
        ("no_rule", "§nothing", "example 3, 'expect': 'escalation': 'nothing' is none of"),
        ("route: ask", "route: §wait", "example 1, 'expect': 'route': 'wait' is none of pay, ask"),
        ("route: ask", "§way: ask", "example 1, 'expect': 'way' is not an output"),
        ("rule: R2", "rule: §R3", "example 2, 'expect': 'rule': there is no rule 'R3'"),
    ],
)
def test_what_is_wrong_with_an_example_is_found(old: str, new: str, message: str) -> None:
    assert EXAMPLES.count(old) == 1
    before, after = (TABLE + EXAMPLES.replace(old, new)).split("§")
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    with pytest.raises(TableError) as refused:
        parse_table(before + after)

    [finding] = refused.value.findings
    assert f"{finding.line}:{finding.column} {finding.message}".startswith(f"{place} {message}")
