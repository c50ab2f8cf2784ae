"""The rows that an escalation shows to whoever decides instead."""

from typing import Any

from rules import Escalation, decide, parse_table, restore_layers, rows_concerned

TABLE = """
id: t
version: 1
owner: o
title: t
effective: {from: 2026-01-01}
hit: priority
inputs:
  amount: {type: money, currency: EUR, optional: true}
  kind: {type: enum, values: [a, b]}
outputs:
  word: {type: enum, values: [pay, ask]}
rules:
- {id: R1, priority: 2, when: {kind: a, amount: "> 100"}, then: {word: ask}, because: Much}
- {id: R2, priority: 2, when: {amount: "> 500"}, then: {word: pay}, because: Very much}
- {id: R3, priority: 1, when: {kind: b, amount: missing}, then: {word: ask}, because: Nobody knows}
"""
ASKING = """
id: u
version: 1
owner: o
title: u
effective: {from: 2026-01-01}
hit: first
inputs:
  word: {type: enum, values: [pay, ask], from: {table: t, output: word}}
outputs:
  route: {type: enum, values: [x, y]}
rules:
- {id: U1, when: {word: pay}, then: {route: x}, because: so}
"""
DAY = "2026-10-31"


def concerned(**facts: Any) -> list[Any]:
    said = decide(parse_table(TABLE), facts, as_of=DAY)
    assert isinstance(said, Escalation)
    return rows_concerned(said)


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def test_a_conflict_shows_the_rows_that_clash_whole() -> None:
    rows = concerned(kind="a", amount=euros("900"))

    assert rows == [
        {
            "table": "t",
            "rule": "R1",
            "when": {"kind": "a", "amount": "> 100"},
            "then": {"word": "ask"},
            "because": "Much",
            "needs": [],
        },
        {
            "table": "t",
            "rule": "R2",
            "when": {"amount": "> 500"},
            "then": {"word": "pay"},
            "because": "Very much",
            "needs": [],
        },
    ]


def test_a_gap_shows_the_nearest_rows_and_what_each_would_have_needed() -> None:
    rows = concerned(kind="a", amount=euros("50"))

    assert [row["rule"] for row in rows] == ["R1", "R2", "R3"]
    assert rows[0]["needs"] == [{"input": "amount", "cell": "> 100", "value": euros("50")}]
    assert [need["input"] for need in rows[2]["needs"]] == ["amount", "kind"]


def test_a_missing_fact_shows_the_rows_that_wait_for_it_first() -> None:
    rows = concerned(amount=euros("700"))

    assert [row["rule"] for row in rows] == ["R2", "R1", "R3"]
    assert rows[1]["needs"] == [{"input": "kind", "cell": "a", "value": None}]


def test_a_fact_that_is_no_value_fits_no_row_not_even_one_for_a_missing_fact() -> None:
    rows = concerned(kind="b", amount="700.00")

    assert [row["rule"] for row in rows] == ["R2", "R3", "R1"]
    assert rows[1]["needs"] == [{"input": "amount", "cell": "missing", "value": None}]


def test_what_a_table_below_escalates_shows_the_rows_of_that_table() -> None:
    layers = restore_layers({"u.yaml": ASKING, "t.yaml": TABLE})
    said = decide(layers.table(), {"kind": "a", "amount": euros("900")}, as_of=DAY)

    assert isinstance(said, Escalation)
    assert [row["rule"] for row in rows_of(said)] == ["R1", "R2"]


def rows_of(said: Escalation) -> list[Any]:
    return [*rows_concerned(said)]


def test_a_table_that_is_not_in_force_shows_no_rows() -> None:
    said = decide(parse_table(TABLE), {"kind": "a"}, as_of="2025-01-01")

    assert isinstance(said, Escalation)
    assert rows_concerned(said) == []


def test_no_more_rows_are_shown_than_asked_for() -> None:
    said = decide(parse_table(TABLE), {"kind": "a"}, as_of=DAY)

    assert isinstance(said, Escalation)
    assert len(rows_concerned(said, most=2)) == 2


def test_what_is_known_otherwise_weighs_more_than_what_is_not_known() -> None:
    text = (
        TABLE.partition("inputs:")[0]
        + """inputs:
  a: {type: integer, optional: true}
  b: {type: integer, optional: true}
  c: {type: integer}
outputs:
  word: {type: enum, values: [pay, ask]}
rules:
- {id: KNOWN, priority: 1, when: {c: 9}, then: {word: pay}, because: so}
- {id: UNKNOWN, priority: 1, when: {a: 1, b: 2}, then: {word: ask}, because: so}
"""
    )
    said = decide(parse_table(text), {"c": 1}, as_of=DAY)

    assert isinstance(said, Escalation)
    assert [row["rule"] for row in rows_of(said)] == ["UNKNOWN", "KNOWN"]
