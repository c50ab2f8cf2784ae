"""What becomes of a decision table as dmn-js writes it, and what of XML that nobody should open."""

from datetime import date

import pytest
from credit_terms import CREDIT, FACTS, HEADING, changed, findings_of, tables_of

from rules import Decision, decide
from rules.interchange.dmn import import_dmn


def test_a_table_says_of_itself_what_the_file_says_and_else_what_the_importer_does() -> None:
    table = tables_of(CREDIT)["credit"]

    assert (table.title, table.prose) == (
        "Credit terms",
        "What a customer may owe us. Reviewed every spring.",
    )
    assert (table.owner, table.version, table.effective_from) == ("Sales", "7", date(2026, 1, 1))
    assert table.hit == "first"
    assert [rule.because for rule in table.rules] == [
        "A high risk pays at once",
        "Row 2 of credit.dmn, which gives no reason",
        "Very small and very large ones are asked",
    ]


def test_cells_become_the_same_tests_in_our_words() -> None:
    table = tables_of(CREDIT)["credit"]

    cells = [{one.input: one.text for one in rule.conditions} for rule in table.rules]

    assert cells == [
        {"risk": "high"},
        {"turnover": "(1000..50000.5]", "risk": "not(high)", "customer_since": "<= 2020-01-01"},
        {"turnover": "not([100..1000000))", "risk": "low", "customer_since": "[2020-01-02..2026-12-31)"},
    ]
    assert table.inputs["customer_since"].label == "Customer since"
    assert dict(table.rules[0].outcome) == {
        "days": "0",
        "note": 'Pays "at once", no terms',
    }


def test_the_table_decides_as_it_did() -> None:
    decision = decide(tables_of(CREDIT)["credit"], FACTS, as_of="2026-11-25")

    assert isinstance(decision, Decision)
    assert (decision.rule, dict(decision.outcome)) == (
        "DecisionRule_0mid",
        {"days": "30", "note": "Known for long"},
    )


def test_the_order_of_output_values_becomes_priorities_and_allowed_values_a_domain() -> None:
    table = tables_of(CREDIT)["risk"]

    assert [(rule.id, rule.priority) for rule in table.rules] == [
        ("DecisionRule_0bad", 2),
        ("DecisionRule_0low", 1),
    ]
    assert table.inputs["rating"].domain is not None
    assert table.inputs["rating"].domain.text == "[1..9]"
    assert decide(table, {"rating": 8, "insured": False}, as_of="2026-11-25").as_json()["outcome"] == {
        "risk": "high"
    }
    assert decide(table, {"rating": 10, "insured": False}, as_of="2026-11-25").kind == "invalid_input"


def test_what_a_decision_requires_becomes_a_table_that_is_asked() -> None:
    tables = tables_of(CREDIT)

    decision = decide(tables["credit"], FACTS | {"rating": 9, "insured": False}, as_of="2026-11-25")

    assert list(tables) == ["risk", "credit"]
    assert tables["credit"].inputs["risk"].asks == ("risk", "risk")
    assert decision.as_json()["rule"] == "DecisionRule_0high"


@pytest.mark.parametrize("expression", ["risk", "Risk", "risk.risk", "Risk.risk"])
def test_a_decision_is_called_by_its_name_or_id_or_with_its_output(expression: str) -> None:
    tables = tables_of(changed("<text>risk</text>", f"<text>{expression}</text>"))

    asking = [one for one in tables["credit"].inputs.values() if one.asks]

    assert [one.asks for one in asking] == [("risk", "risk")]


def test_null_is_a_missing_value() -> None:
    table = tables_of(changed("<text>7,8,9</text>", "<text>null</text>"))["risk"]

    decision = decide(table, {"rating": None, "insured": False}, as_of="2026-11-25")

    assert table.inputs["rating"].optional
    assert decision.as_json()["rule"] == "DecisionRule_0bad"


def test_not_without_null_in_a_column_with_null_is_refused_because_it_may_hold_for_null() -> None:
    text = CREDIT.replace('<text>"high"</text>', "<text>null</text>", 1)

    [finding] = findings_of(text)

    assert "inputEntry UnaryTests_b2, 'not(\"high\")': it may hold for null too" in finding


@pytest.mark.parametrize(
    "space",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_every_version_of_dmn_is_read_alike(space: str) -> None:
    other = tables_of(changed("https://www.omg.org/spec/DMN/20191111/MODEL/", space))

    assert other["credit"].digest == tables_of(CREDIT)["credit"].digest


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        ("<text>turnover</text>", "<text>turnover * 2</text>", "input Input_turnover", "no plain name"),
        ("<text>turnover</text>", "<text>a and b</text>", "input Input_turnover", "no plain name"),
        ("<text>turnover</text>", "<text>risk</text>", "input Input_risk", "both become 'risk'"),
        ('typeRef="date"', 'typeRef="dateTime"', "input Input_since", "'dateTime' has no counterpart"),
        ("]1000..50000.50]", "[1000..limit]", "inputEntry UnaryTests_b1", "'limit]' is a FEEL expression"),
        ("]1000..50000.50]", "[5..1]", "inputEntry UnaryTests_b1", "nothing between its bounds"),
        ("]1000..50000.50]", "1, [5..9]", "inputEntry UnaryTests_b1", "split the rule"),
        ("]1000..50000.50]", '"many"', "inputEntry UnaryTests_b1", "'many' is a string"),
        ("]1000..50000.50]", "null, &gt; 5", "inputEntry UnaryTests_b1", "write two rules"),
        ("]1000..50000.50]", "(", "inputEntry UnaryTests_b1", "no literal"),
        ('not("high")', '"medium"', "inputEntry UnaryTests_b2", "'medium' is none of low, high"),
        ("2020-01-01", "2020-02-30", "inputEntry UnaryTests_b3", "not a day of the calendar"),
        (
            "<text>30.0</text>",
            "<text>turnover / 2</text>",
            "outputEntry LiteralExpression_b1",
            "FEEL expression",
        ),
        ("<text>30.0</text>", "<text></text>", "outputEntry LiteralExpression_b1", "says nothing"),
        ('hitPolicy="FIRST"', 'hitPolicy="LAST"', "decisionTable DecisionTable_0a1", "no hit policy"),
        (
            'hitPolicy="FIRST"',
            'hitPolicy="FIRST" aggregation="SUM"',
            "decisionTable DecisionTable_0a1",
            "FIRST",
        ),
        ('"high","low"</text>', "</text>", "decisionTable DecisionTable_0b1", "no output has one"),
        (
            '<inputEntry id="UnaryTests_a1">',
            '<x id="UnaryTests_a1">',
            "rule DecisionRule_0high",
            "2 inputEntry",
        ),
        ('id="DecisionTable_0a1"', 'id="D" expressionLanguage="groovy"', "decisionTable D", "'groovy'"),
        ("<text>rating</text>", "<text>客户</text>", "input Input_rating", "no letter or digit"),
        ("<text>rating</text>", "<text>5</text>", "input Input_rating", "no plain name"),
        ('"Known for long"', '"-"', "outputEntry LiteralExpression_b2", "'-' says nothing"),
        ('"Known for long"', '"\\u0041"', "outputEntry LiteralExpression_b2", "no escape"),
        ('"Known for long"', "30", "outputEntry LiteralExpression_b2", "'30' is a number"),
        ("]1000..50000.50]", "[1..2..3]", "inputEntry UnaryTests_b1", "no literal"),
        ("]1000..50000.50]", ")1..2[", "inputEntry UnaryTests_b1", "no range"),
        ("]1000..50000.50]", "5, not(6)", "inputEntry UnaryTests_b1", "no literal"),
        ("]1000..50000.50]", "1" * 10_001, "inputEntry UnaryTests_b1", "longer than 10000"),
        (
            'id="Input_rating"',
            'id="I" xmlns:s="urn:steward:rules" s:type="code"',
            "input I",
            "not our 'code'",
        ),
        ('href="#risk"', 'href="#gone"', "requiredDecision", "no decision of this file"),
        (
            'href="#InputData_turnover" />',
            'href="#x" /><requiredDecision href="#credit" />',
            "",
            "credit, credit ask each other in a circle",
        ),
        ('hitPolicy="PRIORITY"', 'hitPolicy="COLLECT"', "input Input_risk", "says a list"),
        ('<text>"high","low"</text>', '<text>"high","low","mid"</text>', "input 'risk'", "of another type"),
        ("<text>rating</text>", "<text>turnover</text>", "input 'risk'", "of another type"),
        ('<decision id="risk"', '<decision id="credit"', "", "2 decisions have the id 'credit'"),
    ],
)
def test_what_has_no_counterpart_is_refused_with_its_place(
    old: str, new: str, place: str, reason: str
) -> None:
    text = changed(old, new).replace(
        '<x id="UnaryTests_a1">\n          <text></text>\n        </inputEntry>', ""
    )

    assert any(place in finding and reason in finding for finding in findings_of(text))


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = changed("]1000..50000.50]", "now()").replace("<text>7</text>", "<text>seven</text>")

    assert [finding.partition(": ")[2].partition(",")[0] for finding in findings_of(text)] == [
        "inputEntry UnaryTests_b1",
        "outputEntry LiteralExpression_c1",
    ]


def test_a_decision_that_is_no_table_is_refused_unless_another_one_is_wanted() -> None:
    other = '<decision id="sum" name="Sum"><literalExpression><text>1+1</text></literalExpression></decision>'
    text = changed("<inputData id=", f"{other}<inputData id=")

    findings = findings_of(text)
    imported = import_dmn(text.encode(), "credit.dmn", heading=HEADING, only="Risk")

    assert len(findings) == 1
    assert "decision sum, 'Sum': is decided by no table" in findings[0]
    assert [table.id for table in imported.tables] == ["risk"]


def test_a_default_is_left_out_and_said_to_be() -> None:
    text = changed(
        'name="days" typeRef="number" />',
        'name="days" typeRef="number"><defaultOutputEntry><text>14</text></defaultOutputEntry></output>',
    )

    imported = import_dmn(text.encode(), "credit.dmn", heading=HEADING)

    assert (
        "Credit terms: default 14 of days is left out; a person decides where no rule fits" in imported.notes
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><d>&b;</d>', "declares a document type (d)"),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "declares a document type (d)"),
        (b"<d>" * 50 + b"</d>" * 50, "nested more than 40 deep"),
        (b"<d>" + b"<e/>" * 200_001 + b"</d>", "more than 200000 elements"),
        (b"<d>" + b" " * 5_000_000 + b"</d>", "at most 5000000 are read"),
        (b"<d><e></d>", "not XML: mismatched tag"),
        (b"", "not XML: no element found"),
        (b'<?xml version="1.0" encoding="no-such"?><d/>', "not XML that can be read: unknown encoding"),
        (b"<definitions/>", "is not DMN of a version that is read here"),
    ],
)
def test_xml_that_is_no_dmn_or_a_trap_is_refused(content: bytes, reason: str) -> None:
    assert [reason in finding for finding in findings_of(content)] == [True]
