"""What docs/rules.md shows is a table: it is read, laid out, checked and asked as the text says."""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from rules import LayeredTable, Table, decide, parse_table
from rules.cells import parse_cell
from rules.errors import NotAValue
from rules.layout import lay_out
from rules.trial import try_examples
from rules.values import DecimalType, EnumType, SetType, ValueType
from rules.verify import check_layers
from server.cli.rules import app

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text("utf-8")
TRIP = re.findall(r"^```yaml\n(id: travel_claim.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)[0]
EXAMPLES = re.findall(r"^```yaml\n(examples:.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)[0]
CELLS = TEXT.partition("### Cells")[2].partition("---|")[2].partition("| `not(...)`")[0]


@pytest.fixture(scope="module")
def table() -> Table:
    return parse_table(TRIP + EXAMPLES, "rules/travel_claim.yaml")


def test_the_table_stands_in_the_one_layout() -> None:
    assert lay_out(TRIP) == TRIP
    assert lay_out(EXAMPLES) == EXAMPLES


def test_the_examples_pass_and_reach_every_rule(table: Table) -> None:
    trial = try_examples(LayeredTable(table, ()))

    assert [(one.example.name, *map(str, one.differences)) for one in trial.failed] == []
    assert trial.unreached == ()


def test_checking_finds_no_error(table: Table) -> None:
    flaws = check_layers(LayeredTable(table, ()), on=date(2026, 7, 1))

    assert [str(flaw) for flaw in flaws if flaw.severity == "error"] == []


def test_a_decision_is_as_shown(table: Table) -> None:
    code = re.findall(r"^facts = (.*)$", TEXT, flags=re.MULTILINE)[0]
    shown = json.loads(re.findall(r"^```json\n(\{.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)[0])

    said = decide(table, json.loads(code), as_of=date(2026, 7, 1)).as_json()

    assert {key: said[key] for key in shown} == shown
    assert "`over_budget is missing, the rule wants > 0`" in TEXT
    assert "over_budget is missing, the rule wants > 0" in [row["reason"] for row in said["why_not"]]


@pytest.mark.parametrize("cell", re.findall(r"`([^`]+)`", CELLS))
def test_every_cell_shown_is_one(cell: str) -> None:
    kinds: list[ValueType] = [DecimalType(), EnumType(("a", "b", "EUR")), SetType(("a", "b"))]
    text = cell.strip('"')

    assert text == "[a, b]" or any(is_cell(text, kind) for kind in kinds)


def is_cell(text: str, kind: ValueType) -> bool:
    try:
        parse_cell(text, kind)
    except NotAValue:
        return False
    return True


def test_every_command_about_rules_is_shown() -> None:
    commands = [
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    ]

    assert [name for name in commands if f"steward rules {name}" not in TEXT] == []
