"""What several rules that fit say together: `any`, and `collect` with each way to take rules together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Decision, Escalation, JsonValue, Table, TableError, decide, parse_table

HEAD = """\
id: surcharges
version: 1
owner: Finance
title: What is added
effective: {from: 2026-01-01}
inputs:
  weight: {type: integer}
outputs:
"""
# What stands in the outcome of each rule; rule n fits from weight n on.
AMOUNTS = ("1.10", "2.20", "0.30", "-")


def table(
    hit: str, output: str = "fee: {type: money, currency: EUR}", said: tuple[str, ...] = AMOUNTS
) -> Table:
    name = output.partition(":")[0]
    rows = (
        f'- {{id: R{n}, when: {{weight: ">= {n}"}}, then: {{{name}: "{word}"}}, because: Reason {n % 2}}}\n'
        for n, word in enumerate(said, start=1)
    )
    return parse_table(f"{HEAD}  {output}\nhit: {hit}\nrules:\n{''.join(rows)}")


def ask(asked: Table, weight: int) -> Decision | Escalation:
    return decide(asked, {"weight": weight}, as_of="2026-06-01")


def fee(asked: Table, weight: int) -> JsonValue:
    answer = ask(asked, weight)
    assert isinstance(answer, Decision), answer
    return answer.outcome["fee"]


def euro(amount: str) -> JsonValue:
    return {"amount": amount, "currency": "EUR"}


def test_by_any_hit_rules_that_agree_decide_and_the_upper_one_is_named() -> None:
    answer = ask(table("any", said=("1.1", "1.10", "2")), 2)

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.rules, answer.outcome["fee"]) == ("R1", ("R1",), euro("1.1"))
    assert [row.reason for row in answer.why_not] == [
        "same outcome as R1",
        "weight is 2, the rule wants >= 3",
    ]


def test_by_any_hit_rules_that_disagree_are_a_conflict() -> None:
    answer = ask(table("any", said=("1.1", "1.10", "2")), 3)

    assert isinstance(answer, Escalation)
    assert (answer.kind, answer.rules) == ("conflict", ("R1", "R2", "R3"))
    assert (
        answer.message == "R1 and R2 and R3 of table 'surcharges' fit at once, and they do not say the same"
    )


@pytest.mark.parametrize(
    ("aggregate", "answers"),
    [
        ("list", [[euro("1.1")], [euro("1.1"), euro("2.2")]]),
        ("sum", [euro("1.1"), euro("3.3"), euro("3.6"), euro("3.6")]),
        ("min", [euro("1.1"), euro("1.1"), euro("0.3"), euro("0.3")]),
        ("max", [euro("1.1"), euro("2.2"), euro("2.2"), euro("2.2")]),
        ("count", [1, 2, 3, 3]),
    ],
)
def test_collect_takes_the_rules_that_fit_together(aggregate: str, answers: list[JsonValue]) -> None:
    asked = table(f"collect\naggregate: {aggregate}")

    assert [fee(asked, weight) for weight in range(1, len(answers) + 1)] == answers


def test_collect_makes_a_list_unless_told_otherwise() -> None:
    assert fee(table("collect"), 1) == [euro("1.1")]


def test_collect_names_all_rules_that_it_took_and_each_reason_once() -> None:
    answer = ask(table("collect\naggregate: sum"), 3)

    assert isinstance(answer, Decision)
    assert (answer.rule, answer.rules) == ("R1", ("R1", "R2", "R3"))
    assert answer.because == "Reason 1; Reason 0"
    assert answer.as_json()["rules"] == ["R1", "R2", "R3"]
    assert [row.rule for row in answer.why_not] == ["R4"]


@pytest.mark.parametrize(
    ("aggregate", "answer"), [("list", []), ("sum", euro("0")), ("min", None), ("max", None), ("count", 0)]
)
def test_a_rule_that_says_nothing_counts_for_nothing(aggregate: str, answer: JsonValue) -> None:
    assert fee(table(f"collect\naggregate: {aggregate}", said=("-",)), 1) == answer


def test_nothing_to_collect_is_an_escalation_and_not_an_empty_answer() -> None:
    assert ask(table("collect\naggregate: count"), 0).kind == "no_rule"


@given(st.lists(st.integers(-(10**17), 10**17), min_size=1, max_size=9))
def test_whole_numbers_stay_whole(numbers: list[int]) -> None:
    said = tuple(map(str, numbers))

    answers = [
        fee(table(f"collect\naggregate: {one}", "fee: {type: integer}", said), len(said))
        for one in ("sum", "min", "max")
    ]

    assert answers == [sum(numbers), min(numbers), max(numbers)]
    assert all(type(answer) is int for answer in answers)


def test_a_sum_of_the_longest_amounts_is_exact() -> None:
    said = ("9" * 30, "0." + "0" * 29 + "1")

    assert fee(table("collect\naggregate: sum", said=said), 2) == euro("9" * 30 + "." + "0" * 29 + "1")


@pytest.mark.parametrize("aggregate", ["sum", "min", "max"])
@pytest.mark.parametrize("output", ["fee: {type: text}", "fee: {type: date}", "fee: {type: boolean}"])
def test_what_is_no_number_is_not_added_up(aggregate: str, output: str) -> None:
    with pytest.raises(
        TableError, match=f"11:1: table: '{aggregate}' takes numbers, and output 'fee' is none"
    ):
        table(f"collect\naggregate: {aggregate}", output, said=("-",))


def test_only_collect_takes_rules_together() -> None:
    with pytest.raises(TableError, match="table: unknown key 'aggregate'"):
        table("unique\naggregate: sum")


def test_an_output_that_is_left_out_is_found_even_when_rules_are_collected() -> None:
    rule = "- {id: R1, when: {}, then: {}, because: So}\n"

    with pytest.raises(TableError, match="rule R1, 'then': 'fee': is missing"):
        parse_table(f"{HEAD}  fee: {{type: integer}}\nhit: collect\nrules:\n{rule}")
