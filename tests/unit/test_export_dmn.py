"""A table of ours as DMN, and back."""

import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from rules import Table, TableError, list_tables, load_table, parse_table
from rules.cells import Cell, Comparison, Not
from rules.interchange.dmn import export_dmn, import_dmn
from rules.interchange.drafts import Heading

FOLDER = Path(__file__).parent / "dmn"
NOBODY = Heading(owner="Nobody", version="0", effective_from=date(2000, 1, 1))
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"

LIMITS = (FOLDER / "limits.yaml").read_text("utf-8")

GRADE = """\
id: grade
version: 1
owner: Sales
title: How good a customer is
effective: {from: 2026-01-01}
hit: unique
inputs:
  years: {type: integer}
outputs:
  grade: {type: enum, values: [good, new]}
  limit: {type: money, currency: EUR}
rules:
- {id: G1, when: {years: ">= 2"}, then: {grade: good, limit: 500}, because: Known}
- {id: G2, when: {years: "< 2"}, then: {grade: new, limit: 50}, because: Unknown}
"""
TERMS = """\
id: terms
version: 1
owner: Sales
title: What a customer may buy
effective: {from: 2026-01-01}
hit: unique
inputs:
  grade: {type: enum, values: [good, new], from: {table: grade, output: grade}}
  credit: {type: money, currency: EUR, from: {table: grade, output: limit}}
outputs:
  offer: {type: text}
rules:
- {id: T1, when: {grade: good, credit: "> 100"}, then: {offer: All of it}, because: Known}
- {id: T2, when: {grade: new}, then: {offer: Some of it}, because: Unknown}
"""

DERIVED = """\
id: derived
version: 1
owner: Sales
title: What is derived
effective: {from: 2026-01-01}
hit: first
inputs:
  net: {type: money, currency: EUR}
  cap: {type: money, currency: EUR}
  since: {type: date}
  until: {type: date}
  share: {type: decimal, optional: true, derived: net / cap, unit: parts}
  least: {type: money, currency: EUR, derived: "round(min(-net, abs(cap - 5.50 EUR)) * 2, 2)"}
  term: {type: integer, derived: "days(since, until)", label: How long}
  more: {type: decimal, optional: true, derived: share + 1}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:
- {id: D1, when: {share: "> 1", more: not(missing)}, then: {route: ask}, because: Above}
- {id: D2, when: {least: "<= 0", term: "< 30"}, then: {route: pay}, because: Below}
"""


def back(table: Table) -> Table:
    imported = import_dmn(export_dmn(table).encode(), "back.dmn", heading=NOBODY)
    assert imported.notes == []
    again = imported.tables[-1].table
    assert again
    return again


def rows_of(table: Table) -> list[object]:
    """The rules in the order of their say, each with its tests rather than their texts."""
    return [
        (
            one.id,
            one.priority,
            one.mandatory,
            one.contradicts,
            dict(one.outcome),
            one.because,
            [_same(one.cell(name)) for name in table.inputs],
        )
        for one in sorted(table.rules, key=lambda one: (not one.mandatory, -one.priority))
    ]


def _same(cell: Cell) -> Cell:
    """`!= 5` and `not(5)` are the same test."""
    is_other = isinstance(cell, Comparison) and cell.sign == "!="
    return Not(Comparison("=", cell.bound)) if is_other else cell


@pytest.mark.parametrize("name", [*list_tables(), "limits"])
def test_a_table_comes_back_with_all_that_it_says(name: str) -> None:
    table = parse_table(LIMITS) if name == "limits" else load_table(name)

    again = back(table)

    assert again.inputs == table.inputs
    assert again.outputs == table.outputs
    assert rows_of(again) == rows_of(table)
    assert (again.id, again.version, again.owner, again.title) == (
        table.id,
        table.version,
        table.owner,
        table.title,
    )
    assert (again.hit, again.contexts, again.prose.split()) == (
        table.hit,
        table.contexts,
        table.prose.split(),
    )
    assert (again.effective_from, again.effective_to) == (table.effective_from, table.effective_to)


@pytest.mark.parametrize("decision", ["credit", "risk"])
def test_what_was_imported_comes_back_to_the_letter(decision: str) -> None:
    imported = import_dmn((FOLDER / "credit.dmn").read_bytes(), "credit.dmn", heading=NOBODY, only=decision)
    table = imported.tables[-1].table

    assert table
    assert back(table).digest == table.digest


@pytest.mark.parametrize(
    ("hit", "policy", "aggregation"),
    [
        ("unique", "UNIQUE", None),
        ("any", "ANY", None),
        ("first", "FIRST", None),
        ("collect", "RULE ORDER", None),
        ("collect\naggregate: sum", "COLLECT", "SUM"),
        ("collect\naggregate: min", "COLLECT", "MIN"),
        ("collect\naggregate: max", "COLLECT", "MAX"),
        ("collect\naggregate: count", "COLLECT", "COUNT"),
    ],
)
def test_every_hit_policy_has_its_own(hit: str, policy: str, aggregation: str | None) -> None:
    table = parse_table(
        "id: t\nversion: 1\nowner: o\ntitle: t\neffective: {from: 2026-01-01}\n"
        f"hit: {hit}\ninputs:\n  n: {{type: decimal}}\noutputs:\n  m: {{type: decimal}}\n"
        'rules:\n- {id: R1, when: {n: "> 0.50"}, then: {m: 1}, because: b}\n'
    )

    [written] = etree.fromstring(export_dmn(table).encode()).iter(f"{DMN}decisionTable")

    assert (written.get("hitPolicy"), written.get("aggregation")) == (policy, aggregation)
    assert (back(table).hit, back(table).aggregate) == (table.hit, table.aggregate)


def test_an_answer_under_another_name_and_one_of_several_outputs_come_back() -> None:
    terms = parse_table(TERMS, tables={"grade": parse_table(GRADE)}.__getitem__)

    again = back(terms)

    assert again.inputs == terms.inputs
    assert again.digest == terms.digest


def test_a_formula_is_written_in_feel_and_comes_back() -> None:
    table = parse_table(DERIVED)

    again = back(table)

    root = etree.fromstring(export_dmn(table).encode())
    texts = [one.findtext(f"{DMN}text") for one in root.iter(f"{DMN}inputExpression")]
    assert texts == [
        "net",
        "cap",
        "since",
        "until",
        "(net / cap)",
        "round half up((min((-net), abs((cap - 5.5))) * 2), 2)",
        "(until - since).days",
        "(((net / cap)) + 1)",
    ]
    assert again.digest == table.digest


def test_an_expression_that_another_tool_changed_is_refused_beside_its_formula() -> None:
    text = export_dmn(parse_table(DERIVED)).replace("<text>(net / cap)</text>", "<text>(net * cap)</text>")

    with pytest.raises(TableError, match="is another expression than the formula 'net / cap'"):
        import_dmn(text.encode(), "changed.dmn", heading=NOBODY)


def test_priorities_become_the_order_of_rules() -> None:
    root = etree.fromstring(export_dmn(parse_table(LIMITS)).encode())

    assert root.find(f".//{DMN}decisionTable").get("hitPolicy") == "FIRST"
    assert [one.get("id") for one in root.iter(f"{DMN}rule")] == ["R2", "R3", "_4th", "R1", "R5"]


def test_every_element_has_an_id_of_its_own_and_every_reference_leads_to_one() -> None:
    root = etree.fromstring(export_dmn(parse_table(LIMITS)).encode())

    ids = [one.get("id") for one in root.iter() if one.get("id")]
    named = [
        one.get("dmnElementRef") or one.get("href").removeprefix("#")
        for one in root.iter()
        if one.get("dmnElementRef") or one.get("href")
    ]

    assert len(set(ids)) == len(ids)
    assert named
    assert set(named) <= set(ids)


def test_rules_that_another_tool_moved_are_refused_because_their_order_decides() -> None:
    text = export_dmn(parse_table(LIMITS))
    moved = text.replace('steward:priority="1"', 'steward:priority="8"')
    added = text.replace(' steward:priority="1"', "")

    for changed, reason in ((moved, "do not stand in the order"), (added, "this rule has none")):
        with pytest.raises(TableError, match=reason):
            import_dmn(changed.encode(), "moved.dmn", heading=NOBODY)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("{type: boolean}", "{type: set, values: [a, b]}", 1, "input urgent: a set has no counterpart"),
        (
            "optional: true}\n  currency",
            'optional: true, domain: "{DE}"}\n  currency',
            1,
            "domain beside a list",
        ),
        ("hit: priority", "hit: unique", 24, "rule R2: DMN has no mandatory rules under unique"),
    ],
)
def test_what_dmn_cannot_say_is_refused_with_its_row(old: str, new: str, line: int, reason: str) -> None:
    text = LIMITS.replace(old, new).replace(", urgent: true", "")
    text = text if "hit: priority" in text else re.sub("priority: ., ", "", text)

    with pytest.raises(TableError) as refused:
        export_dmn(parse_table(text, "limits.yaml"))

    assert [(one.file, one.line) for one in refused.value.findings] == [("limits.yaml", line)]
    assert reason in str(refused.value)
