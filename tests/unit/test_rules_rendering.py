"""A table as people read it."""

import json

from rules import LayeredTable, load_table, parse_overlay, parse_table
from rules.rendering import heading_of, json_of, markdown_of, overlays_of, rules_of, sheets_of

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

    [row] = [dict(zip(sheet.headings, row, strict=True)) for row in sheet.rows if row[0] == "IP-112"]
    assert row["when"] == "supplier known; identity partial"
    assert row["role"] == "purchasing"


def test_inputs_and_outputs_say_what_they_take() -> None:
    inputs, outputs, _ = sheets_of(TABLE)

    assert inputs.headings == ("input", "type", "optional", "about")
    assert inputs.rows == [
        ("amount", "money in EUR", "", "Total"),
        ("ratio", "decimal in %", "yes", ""),
        ("never_asked", "boolean", "", ""),
    ]
    assert outputs.headings == ("output", "type", "only when")
    assert outputs.rows == [("route", "pay | ask", ""), ("role", "cfo", "route is ask")]


RICH = parse_table("""
id: limits
version: 2
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
contexts: [region, entity]
hit: priority
inputs:
  amount: {type: decimal, domain: ">= 0", unit: kg}
  double: {type: decimal, derived: amount * 2}
outputs:
  fee: {type: decimal, domain: "[0..9]", unit: "%"}
rules:
- {id: R1, priority: 1, mandatory: true, contradicts: [R2], when: {double: "> 2"}, then: {fee: 1}, because: A}
- {id: R2, priority: 1, when: {amount: "> 0"}, then: {fee: 2}, because: B}
""")
AUSTRIA = """
overlays: limits
id: austria
version: 1
owner: Finance
title: Austria
effective: {from: 2026-01-01}
context: {entity: AT}
rules:
- {id: R2, priority: 1, when: {amount: "> 5"}, then: {fee: 3}, because: C}
"""


def test_what_only_some_tables_have_is_shown_where_it_is_said() -> None:
    inputs, outputs, rows = sheets_of(RICH)

    assert inputs.headings == ("input", "type", "domain", "comes from")
    assert inputs.rows == [("amount", "decimal in kg", ">= 0", ""), ("double", "decimal", "", "amount * 2")]
    assert outputs.rows == [("fee", "decimal in %", "[0..9]")]
    assert rows.headings == (
        "rule",
        "priority",
        "mandatory",
        "contradicts",
        "amount",
        "double",
        "fee",
        "because",
    )
    assert rows.rows[0] == ("R1", "1", "yes", "R2", "-", "> 2", "1", "A")
    assert dict(heading_of(RICH))["contexts"] == "region, entity"


def test_a_table_with_overlays_names_them_and_the_file_of_each_rule() -> None:
    layers = LayeredTable(RICH, [parse_overlay(AUSTRIA, RICH, "austria.yaml")])
    table = layers.table({"entity": "AT"})

    assert dict(heading_of(table))["overlays"] == "austria (1)"
    assert overlays_of(layers).rows == [("austria", "1", "entity AT", "from 2026-01-01", "Austria")]
    assert [(row[0], row[-1]) for row in rules_of(table).rows] == [("R1", "table"), ("R2", "austria.yaml")]


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
