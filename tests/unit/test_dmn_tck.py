"""The public compatibility kit of DMN: its decision tables, imported from their XML, decide as it expects.

The kit is no part of this repository: STEWARD_DMN_TCK names its folder `TestCases`. `pytest -s` shows how
many cases ran, and why each other table was refused.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from rules import Decision, Table, TableError, decide, parse_table
from rules.interchange.dmn import export_dmn, import_dmn
from rules.interchange.drafts import Heading, name_from

BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "data" / "dmn-tck" / "TestCases"
KIT = Path(os.environ.get("STEWARD_DMN_TCK", BESIDE_THE_REPOSITORY))
HEADING = Heading(owner="The kit", version="1", effective_from=date(2000, 1, 1))
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

pytestmark = pytest.mark.skipif(
    not KIT.is_dir(), reason="the kit is not on this machine: STEWARD_DMN_TCK names its folder TestCases"
)


@dataclass(frozen=True)
class Case:
    """One question of the kit to one decision, with the answer that it expects."""

    model: Path
    id: str
    facts: dict[str, Any]
    decision: str
    expected: Any

    def __str__(self) -> str:
        return f"{self.model.stem} {self.id} {self.decision}"


def cases_of(level: str) -> list[Case]:
    """The cases that ask a decision which is a table."""
    models = sorted((KIT / level).glob("*/*.dmn"))
    return [case for model in models for case in cases_for(model, tables_in(model))]


def tables_in(model: Path) -> list[str]:
    root = etree.parse(model)
    return [
        one.get("name", "") for one in root.iter("{*}decision") if one.find("{*}decisionTable") is not None
    ]


def cases_for(model: Path, decisions: list[str]) -> Iterator[Case]:
    for file in sorted(model.parent.glob("*-test-*.xml")):
        for case in etree.parse(file).iter("{*}testCase"):
            facts = {one.get("name", ""): value_of(one) for one in case.findall("{*}inputNode")}
            for result in case.findall("{*}resultNode"):
                expected = result.find("{*}expected")
                if result.get("name") in decisions and expected is not None:
                    yield Case(model, case.get("id", ""), facts, result.get("name", ""), value_of(expected))


def value_of(element: Any) -> Any:
    """A value as the kit writes it: one text, a list, or a structure."""
    if (listed := element.find("{*}list")) is not None:
        return [value_of(item) for item in listed.findall("{*}item")]
    if (value := element.find("{*}value")) is not None:
        return None if value.get(NIL) == "true" else value.text
    return {one.get("name"): value_of(one) for one in element.findall("{*}component")}


def imported(case: Case) -> Table:
    found = import_dmn(case.model.read_bytes(), case.model.name, heading=HEADING, only=case.decision)
    return parse_table(found.tables[-1].text)


def facts_for(table: Table, given: dict[str, Any]) -> dict[str, Any]:
    """The facts of the kit that the table asks for, in the form that its types have."""
    flat = {name_from(name): value for name, value in flattened(given)}
    return {
        name: one.type.plain(one.type.literal(flat[name]))
        for name, one in table.inputs.items()
        if flat.get(name) is not None
    }


def flattened(given: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def answer_of(table: Table, decision: Decision) -> Any:
    """The outcome in the kit's form: a bare value for one output, one structure or value a row for a list."""
    if table.aggregate == "list":
        rows = [
            dict(zip(decision.outcome, row, strict=True))
            for row in zip(*decision.outcome.values(), strict=True)
        ]
        return [bare(row) for row in rows]
    return bare(dict(decision.outcome))


def bare(outcome: dict[str, Any]) -> Any:
    return next(iter(outcome.values())) if len(outcome) == 1 else outcome


def same(answer: Any, expected: Any) -> bool:
    match expected:
        case list():
            return len(answer) == len(expected) and all(map(same, answer, expected))
        case dict():
            return all(same(answer[name_from(name)], value) for name, value in expected.items())
    if isinstance(answer, bool):
        return str(answer).lower() == expected
    return str(answer) == expected or Decimal(str(answer)) == Decimal(expected)


def passes(case: Case) -> bool:
    table = imported(case)
    decision = decide(table, facts_for(table, case.facts), as_of=date(2026, 1, 1))
    return isinstance(decision, Decision) and same(answer_of(table, decision), case.expected)


def importable_tables() -> Iterator[Table]:
    for model in sorted(KIT.glob("compliance-level-*/*/*.dmn")):
        for name in tables_in(model):
            with suppress(TableError):
                [found] = import_dmn(model.read_bytes(), model.name, heading=HEADING, only=name).tables
                yield parse_table(found.text)


@pytest.mark.parametrize("case", cases_of("compliance-level-2"), ids=str)
def test_every_decision_table_of_level_2_decides_as_expected(case: Case) -> None:
    assert passes(case)


def test_every_table_of_level_3_decides_as_expected_or_is_refused_with_its_place() -> None:
    refused: dict[str, str] = {}
    run = []
    for case in cases_of("compliance-level-3"):
        try:
            imported(case)
        except TableError as error:
            refused[str(case)] = str(error.findings[0])
        else:
            run.append(case)

    sys.stdout.write(
        "\n  ".join([f"\nlevel 3: {len(run)} run, {len(refused)} refused", *refused.values(), ""])
    )
    assert run
    assert [str(case) for case in run if not passes(case)] == []


def test_every_table_that_was_imported_is_exported_by_the_schema_of_dmn_1_3_and_comes_back_the_same() -> None:
    schema = etree.XMLSchema(etree.parse(KIT / "DMN13.xsd"))

    for table in importable_tables():
        text = export_dmn(table).encode()
        [again] = import_dmn(text, "again.dmn", heading=HEADING).tables

        assert schema.validate(etree.fromstring(text)), schema.error_log
        assert parse_table(again.text).digest == table.digest
