"""A table as people read it."""

import json

from rules import load_table, parse_table
from rules.rendering import heading_of, json_of, markdown_of, rules_of, sheets_of

TABLE = parse_table("""
id: limits
version: 2
owner: Finance
title: What is *paid*
effective: {from: 2026-01-01, to: 2026-12-31}
hit: priority
inputs:
  amount: {type: money, currency: EUR, label: Total}
  ratio: {type: decimal, unit: "%", optional: true}
  never_asked: {type: boolean}
outputs:
  route: {type: enum, values: [pay, ask]}
  role: {type: role, values: [cfo], only_when: {route: ask}}
rules:
- {id: R1, priority: 2, when: {amount: ">= 1.10"}, then: {route: ask, role: cfo}, because: "a | b"}
- {id: R2, priority: 1, when: {ratio: "not(missing)"}, then: {route: pay}, because: Low}
""")


def test_a_few_tested_inputs_stand_in_a_column_each() -> None:
    sheet = rules_of(TABLE)

    assert sheet.headings == ("rule", "priority", "amount", "ratio", "route", "role", "because")
    assert sheet.rows == [
        ("R1", "2", ">= 1.10", "-", "ask", "cfo", "a | b"),
        ("R2", "1", "-", "not(missing)", "pay", "-", "Low"),
    ]


def test_of_many_inputs_a_row_lists_those_that_it_tests() -> None:
    sheet = rules_of(load_table("invoice_to_pay"))

    assert sheet.headings == ("rule", "priority", "when", "route", "role", "approvers", "because")
    [row] = [row for row in sheet.rows if row[0] == "IP-112"]
    assert row[1:6] == ("83", "supplier known; identity partial", "review", "purchasing", "1")


def test_inputs_and_outputs_say_what_they_take() -> None:
    inputs, outputs, _ = sheets_of(TABLE)

    assert inputs.rows == [
        ("amount", "money in EUR", "", "Total"),
        ("ratio", "decimal in %", "yes", ""),
        ("never_asked", "boolean", "", ""),
    ]
    assert outputs.rows == [("route", "pay | ask", "", ""), ("role", "cfo", "route is ask", "")]


def test_the_heading_says_since_when_and_until_when() -> None:
    assert dict(heading_of(TABLE))["in force"] == "from 2026-01-01 to 2026-12-31"


def test_markdown_shows_every_text_as_it_is() -> None:
    text = markdown_of(TABLE)

    assert text.startswith("# What is \\*paid\\*\n")
    assert "| R1 | 2 | \\>= 1.10 | - | ask | cfo | a \\| b |\n" in text
    assert {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| R")} == {
        8
    }


def test_json_holds_the_cells_as_they_were_written() -> None:
    record = json_of(TABLE)

    assert json.loads(json.dumps(record)) == record
    assert record["rules"] == [
        {
            "id": "R1",
            "priority": 2,
            "when": {"amount": ">= 1.10"},
            "then": {"route": "ask", "role": "cfo"},
            "because": "a | b",
        },
        {
            "id": "R2",
            "priority": 1,
            "when": {"ratio": "not(missing)"},
            "then": {"route": "pay"},
            "because": "Low",
        },
    ]
