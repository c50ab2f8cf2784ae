"""What becomes of a decision table of GoRules: it decides as their own engine does, or is refused."""

import json
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
import zen

from rules import Table, TableError, decide, parse_table
from rules.interchange.drafts import Heading
from rules.interchange.jdm import import_jdm

HEADING = Heading(owner="Logistics", version="1", effective_from=date(2026, 1, 1))


def graph(rules: list[dict[str, Any]], *, hit: str = "first", **content: Any) -> dict[str, Any]:
    table = {
        "hitPolicy": hit,
        "inputs": [
            {"id": "i1", "name": "Weight", "field": "parcel.weight"},
            {"id": "i2", "name": "country", "field": "country"},
            {"id": "i3", "name": "", "field": "express"},
        ],
        "outputs": [
            {"id": "o1", "name": "Fee", "field": "fee"},
            {"id": "o2", "name": "carrier", "field": "carrier"},
        ],
        "rules": rules,
        **content,
    }
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "n1", "name": "Request", "type": "inputNode"},
            {"id": "n2", "name": "Shipping fee", "type": "decisionTableNode", "content": table},
            {"id": "n3", "name": "Response", "type": "outputNode"},
        ],
        "edges": [
            {"id": "e1", "sourceId": "n1", "targetId": "n2", "type": "edge"},
            {"id": "e2", "sourceId": "n2", "targetId": "n3", "type": "edge"},
        ],
    }


RULES = [
    {
        "_id": "heavy",
        "_description": "No carrier takes more",
        "i1": "> 31.5",
        "i2": "",
        "o1": "0",
        "o2": '"none"',
    },
    {"_id": "home", "i1": "[2..10)", "i2": "'DE', \"AT\"", "i3": "false", "o1": "4.90", "o2": "'post'"},
    {"_id": "fast", "i1": "< 10", "i2": '"DE"', "i3": "true", "o1": "9", "o2": '"courier"'},
    {"_id": "rest", "i1": "", "i2": "", "i3": "", "o1": "25", "o2": '"air freight"'},
]


def table_of(content: dict[str, Any]) -> Table:
    [table] = import_jdm(json.dumps(content).encode(), "fee.json", heading=HEADING).tables
    return parse_table(table.text)


def findings_of(content: object) -> list[str]:
    with pytest.raises(TableError) as refused:
        import_jdm(
            content if isinstance(content, bytes) else json.dumps(content).encode(),
            "fee.json",
            heading=HEADING,
        )
    return [finding.message for finding in refused.value.findings]


def with_cell(key: str, value: object) -> dict[str, Any]:
    return graph([RULES[0], {**RULES[1], key: value}])


def test_a_table_is_named_by_its_node_and_typed_by_its_literals() -> None:
    table = table_of(graph(RULES))

    assert (table.id, table.title, table.hit) == ("Shipping_fee", "Shipping fee", "first")
    assert [(one.name, type(one.type).__name__, one.label) for one in table.inputs.values()] == [
        ("parcel.weight", "DecimalType", "Weight"),
        ("country", "CodeType", ""),
        ("express", "BooleanType", ""),
    ]
    assert [rule.id for rule in table.rules] == ["heavy", "home", "fast", "rest"]
    assert [rule.because for rule in table.rules][:2] == [
        "No carrier takes more",
        "Row 2 of fee.json, which gives no reason",
    ]


@pytest.mark.parametrize("hit", ["first", "collect"])
def test_it_decides_as_the_engine_of_gorules_does(hit: str) -> None:
    table, theirs = (
        table_of(graph(RULES, hit=hit)),
        zen.ZenEngine().create_decision(json.dumps(graph(RULES, hit=hit))),
    )

    for weight, country, express in product(
        ["1", "2", "5.25", "10", "31.5", "32"], ["DE", "AT", "FR"], [True, False]
    ):
        facts = {"parcel.weight": weight, "country": country, "express": express}
        given = {"parcel": {"weight": float(weight)}, "country": country, "express": express}
        answer = theirs.evaluate(given)["result"]
        outcome = decide(table, facts, as_of="2026-11-25").as_json()["outcome"]
        assert outcome == ours(answer), facts


def ours(answer: Any) -> dict[str, Any]:
    """Their answer in our form: decimals as text, a list of rows as rows of lists."""
    if isinstance(answer, list):
        rows = [ours(row) for row in answer]
        return {name: [row[name] for row in rows] for name in ("fee", "carrier")}
    return {"fee": format(Decimal(str(answer["fee"])).normalize(), "f"), "carrier": answer["carrier"]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (with_cell("i1", "> limit"), "'limit' is a ZEN expression that has no counterpart"),
        (with_cell("i2", "startsWith($, 'D')"), "is a ZEN expression"),
        (with_cell("i1", 5), "holds no text"),
        (with_cell("i1", "'5'"), "literals of several types"),
        (with_cell("o1", "parcel.weight * 2"), "is a ZEN expression"),
        (with_cell("o2", ""), "says nothing"),
        (with_cell("i2", '"New Zealand!"'), "not a code"),
        (with_cell("i2", '"DE, AT", "NL"'), "'DE, AT' is not a code"),
        (with_cell("i2", '" DE "'), "' DE ' is not a code"),
        (graph(RULES, hit="unique"), "'unique' is no hit policy of JDM"),
        (graph(RULES, outputPath="a.b"), "'outputPath' moves facts"),
        (graph(RULES, executionMode="loop"), "decides once"),
        (graph(RULES, inputs=[{"id": "i1", "name": "Free"}]), "has no field"),
        (graph([]), "states no type"),
        (graph([None, *RULES]), "'rules' is no list of objects"),
        (graph(RULES, outputs={}), "'outputs' is no list of objects"),
        (graph(RULES) | {"edges": None}, "no lists of nodes and edges"),
        ({"nodes": [], "edges": []}, "there is no decision table in it"),
        ({"steps": []}, "no JDM"),
        ([], "no JDM"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b" " * 5_000_001, "at most 5000000 are read"),
    ],
)
def test_what_has_no_counterpart_is_refused(content: object, reason: str) -> None:
    assert any(reason in finding for finding in findings_of(content))


ZONES = {
    "hitPolicy": "first",
    "inputs": [{"id": "z1", "name": "Country", "field": "country"}],
    "outputs": [{"id": "z2", "name": "Zone", "field": "zone"}],
    "rules": [{"z1": "'DE'", "z2": "'home'"}, {"z1": "'CH','NO'", "z2": "'near'"}, {"z1": "", "z2": "'far'"}],
}
FEES = {
    "hitPolicy": "first",
    "inputs": [{"id": "f1", "field": "zone"}, {"id": "f2", "field": "kilos"}],
    "outputs": [{"id": "f3", "name": "Fee", "field": "fee"}],
    "rules": [
        {"f1": "'home'", "f2": "< 5", "f3": "4"},
        {"f1": "!= 'far'", "f3": "9"},
        {"f2": "> 2", "f3": "30"},
    ],
}


def chain(**zones: Any) -> dict[str, Any]:
    """A table of fees that asks a table of zones."""
    table = "decisionTableNode"
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "Request", "type": "inputNode"},
            {"id": "fee", "name": "Fee", "type": table, "content": FEES},
            {
                "id": "zone",
                "name": "Zone",
                "type": table,
                "content": ZONES | zones,
            },
            {"id": "out", "name": "Response", "type": "outputNode"},
        ],
        "edges": [
            {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
            for one, other in (("in", "zone"), ("in", "fee"), ("zone", "fee"), ("fee", "out"))
        ],
    }


def test_a_table_asks_the_one_before_it_and_decides_as_their_engine_does() -> None:
    content = json.dumps(chain())
    zone, fee = import_jdm(content.encode(), "fee.json", heading=HEADING).tables
    theirs = zen.ZenEngine().create_decision(content)

    assert zone.id == "Zone"
    assert fee.table is not None
    assert fee.table.inputs["zone"].asks == ("Zone", "zone")
    for country, kilos in product(["DE", "NO", "US"], [1, 3, 7]):
        ours = decide(fee.table, {"country": country, "kilos": str(kilos)}, as_of="2026-11-25").as_json()
        answer = theirs.evaluate({"country": country, "kilos": kilos})["result"]
        assert ours.get("outcome", {}).get("fee") == (str(answer["fee"]) if "fee" in answer else None)


TO_FEE, BACK = {"sourceId": "zone", "targetId": "fee"}, {"sourceId": "fee", "targetId": "zone"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (chain(hitPolicy="collect"), "says a list"),
        (chain(rules=[{"z1": "'DE'", "z2": "'Far away!'"}]), "'Far away!' is not a"),
        (
            chain(inputs=[{"id": "z1", "field": "fee"}]) | {"edges": [TO_FEE, BACK]},
            "ask each other in a circle",
        ),
    ],
)
def test_a_question_that_has_no_counterpart_is_refused(content: dict[str, Any], reason: str) -> None:
    assert any(reason in finding for finding in findings_of(content))


def test_a_field_that_two_tables_say_is_refused() -> None:
    content = chain()
    content["nodes"].append({**content["nodes"][2], "id": "other", "name": "Other"})
    content["edges"].append({"sourceId": "other", "targetId": "fee"})

    assert any("is said by several tables" in finding for finding in findings_of(content))


def test_two_nodes_of_one_name_are_refused() -> None:
    content = chain()
    content["nodes"].append({**content["nodes"][2], "id": "other"})

    assert "2 nodes become the table 'Zone'" in findings_of(content)


def test_a_table_is_asked_by_way_of_one_that_passes_on_what_it_was_given() -> None:
    content = chain(passThrough=True)
    first = {
        "inputs": ZONES["inputs"],
        "rules": [{"z1": "'DE'", "o": "1"}],
        "outputs": [{"id": "o", "field": "kilos"}],
    }
    content["nodes"].append({"id": "kilos", "name": "Kilos", "type": "decisionTableNode", "content": first})
    content["edges"].append({"sourceId": "kilos", "targetId": "zone"})

    tables = import_jdm(json.dumps(content).encode(), "fee.json", heading=HEADING).tables

    fee = next(one.table for one in tables if one.id == "Fee")
    assert fee
    assert fee.inputs["kilos"].asks == ("Kilos", "kilos")


def test_other_nodes_are_left_out_and_said_to_be() -> None:
    content = graph(RULES)
    content["nodes"].append({"id": "n4", "name": "Round it", "type": "functionNode"})

    imported = import_jdm(json.dumps(content).encode(), "fee.json", heading=HEADING)

    assert imported.notes == ["Round it: functionNode is left out, only tables are carried over"]
