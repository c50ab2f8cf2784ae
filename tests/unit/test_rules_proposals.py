"""A rule made of a person's answer: it decides just the cases that the table could not tell from theirs."""

import random
from typing import Any

import pytest
from test_rules_diff import CODE, DAY, FACTS, KIND, NUMBER, random_rows, row, said, table

from rules import Escalation, TableError, decide, load_table, parse_table, restore_layers
from rules.change import diff
from rules.change.proposal import Unproposable, propose


def escalated(facts: dict[str, Any], *rows: str, hit: str = "priority") -> Escalation:
    answer = decide(table(*rows, hit=hit, inputs=(NUMBER, KIND, CODE)), facts, as_of=DAY)
    assert isinstance(answer, Escalation)
    return answer


@pytest.mark.parametrize("hit", ["priority", "any", "first"])
def test_a_proposed_rule_decides_its_own_box_and_nothing_else(hit: str) -> None:
    rng = random.Random(f"propose {hit}")
    proposed = 0
    while proposed < 60:
        old = table(*random_rows(rng, hit), hit=hit, inputs=(NUMBER, KIND, CODE))
        facts = {name: rng.choice(values) for name, values in FACTS.items()}
        answer = decide(old, facts, as_of=DAY)
        if not isinstance(answer, Escalation) or (hit == "any" and answer.kind == "conflict"):
            continue  # where all must agree, no row resolves a conflict
        proposed += 1

        new = parse_table(propose(answer, {"word": "ask"}, because="so", rule="P-1").text)

        assert said(decide(new, facts, as_of=DAY)) == {"word": "ask"}
        [change] = diff(old, new).cases
        assert (change.old.kind, change.new.rules, change.boxes) == (answer.kind, ("P-1",), 1)


def test_the_line_holds_the_box_of_the_facts_as_cells() -> None:
    answer = escalated(
        {"n": 3, "kind": "c", "code": "CHF"}, row("R1", 'n: "[2..5)", kind: a, code: "{EUR, USD}"')
    )

    proposal = propose(answer, {"word": "no"}, because='Agreed: "so"', rule="P-1")

    assert proposal.line == (
        '- {id: P-1, priority: 1, when: {n: (2..5), kind: c, code: "not(EUR, USD)"}, then: {word: no},'
        r' because: "Agreed: \"so\""}'
    )


def test_over_rows_that_clash_it_has_the_higher_priority() -> None:
    rows = row("R1", "kind: a", "yes", 7), row("R2", 'n: "> 3"', "no", 7), row("R3", "", "ask", 20)
    answer = escalated({"n": 4, "kind": "a", "code": "EUR"}, *rows[:2])

    assert "priority: 8" in propose(answer, {"word": "no"}, because="so", rule="P-1").line


def test_no_rule_is_made_where_a_fact_is_not_known() -> None:
    for facts in ({"n": "3", "kind": "a", "code": "EUR"}, {"n": 3, "code": "EUR"}):
        answer = escalated(facts, row("R1", "kind: a"))

        with pytest.raises(Unproposable, match="no rule helps where a fact is not known"):
            propose(answer, {"word": "no"}, because="so", rule="P-1")


def test_an_outcome_that_the_table_does_not_say_is_refused_by_its_text() -> None:
    answer = escalated({"n": 3, "kind": "b", "code": "EUR"}, row("R1", "kind: a"))

    with pytest.raises(TableError, match="'perhaps' is none of yes, no, ask"):
        parse_table(propose(answer, {"word": "perhaps"}, because="so", rule="P-1").text)


def test_the_contradiction_of_a_shipped_table_becomes_a_rule_of_it() -> None:
    shipped = load_table("invoice_payment")
    facts = {"hold": "none", "discount": {"amount": "24.50", "currency": "EUR"}, "cash": "stopped"}
    answer = decide(shipped, facts, as_of=DAY)
    assert isinstance(answer, Escalation)

    proposal = propose(answer, {"pay": "when_due"}, because="Cash comes first", rule="P-1")
    changed = restore_layers(shipped.sources | {shipped.file: proposal.text}).table()

    [change] = diff(shipped, changed).cases
    assert change.old.kind == "conflict"
    assert change.new.in_words() == "pay when_due (P-1)"
