"""What verification says of tables that compute inputs: of what facts lead to a case, and where none do."""

from pathlib import Path

from rules import Table, decide, load_table, parse_table
from rules.verify import Flaw, check_table

HEAD = """\
id: totals
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
hit: %s
inputs:
  price: {type: decimal, domain: "[0..1000]"}
  pieces: {type: integer, domain: "[0..100]"}
  total: {type: decimal, derived: price * pieces}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
"""


def table(hit: str, *rows: str) -> Table:
    return parse_table(
        HEAD % hit + "".join(f"- {{id: {name}, {row}}}\n" for name, row in zip("ABC", rows, strict=False))
    )


def shown(checked: Table, flaw: Flaw) -> str:
    assert flaw.witness
    return decide(checked, flaw.witness.facts, as_of=flaw.witness.as_of).kind


LOW = 'when: {total: "< 5000"}, then: {route: pay}, because: Low'
HIGH = 'when: {total: "> 9000"}, then: {route: ask}, because: High'


def test_a_gap_in_what_is_derived_is_shown_with_facts_that_lead_into_it() -> None:
    gappy = table("first", LOW, HIGH)

    [flaw] = check_table(gappy)

    assert (flaw.kind, flaw.severity, flaw.proved) == ("gap", "error", True)
    assert flaw.message == 'no rule fits {total: "[5000..9000]"}'
    assert flaw.witness
    assert flaw.witness.facts.keys() == {"price", "pieces"}
    assert shown(gappy, flaw) == "no_rule"


def test_a_gap_that_no_facts_were_found_to_lead_into_is_not_proved() -> None:
    never = 'when: {total: "<= 0"}, then: {route: pay}, because: Nothing'
    small = 'when: {price: "< 5", total: "> 0"}, then: {route: pay}, because: Small'
    large = 'when: {price: ">= 5", total: "(0..100000]"}, then: {route: ask}, because: Large'

    flaws = check_table(table("first", never, small, large))

    assert [(flaw.kind, flaw.severity, flaw.proved, flaw.witness) for flaw in flaws] == [
        ("gap", "warning", False, None)
    ]


def test_a_contradiction_of_what_is_given_and_what_is_derived_is_shown_with_facts() -> None:
    rest = 'when: {total: ">= 5000", price: "<= 900"}, then: {route: ask}, because: High'
    clashing = table("any", LOW, rest, 'when: {price: "> 900"}, then: {route: ask}, because: Dear')

    [flaw] = check_table(clashing)

    assert (flaw.kind, flaw.rules, flaw.proved) == ("contradiction", ("A", "C"), True)
    assert shown(clashing, flaw) == "conflict"


def test_a_gap_in_what_another_table_answers_is_shown_with_the_facts_of_both(tmp_path: Path) -> None:
    (tmp_path / "totals.yaml").write_text(
        HEAD % "first" + f"- {{id: A, {LOW}}}\n- {{id: B, when: {{}}, then: {{route: ask}}, because: High}}\n"
    )
    (tmp_path / "asking.yaml").write_text(
        HEAD.split("inputs:", 1)[0].replace("totals", "asking") % "first"
        + "inputs:\n  route: {type: enum, values: [pay, ask], from: {table: totals, output: route}}\n"
        + "outputs:\n  done: {type: boolean}\nrules:\n"
        + "- {id: A, when: {route: pay}, then: {done: true}, because: Paid}\n"
    )
    asking = load_table("asking", tmp_path)

    [flaw] = check_table(asking)

    assert (flaw.message, flaw.proved, shown(asking, flaw)) == ("no rule fits {route: ask}", True, "no_rule")
