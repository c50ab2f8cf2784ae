"""The JSON Schema of tables, held against reading."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import rules
from rules import TableError, TableNotFound, parse_table
from rules.schema import table_schema

FOLDER = Path(rules.__file__).parent
VALIDATOR = Draft202012Validator(table_schema())
TABLE = """\
id: limits
version: 1.10
owner: Finance
title: What is paid
prose: Read this first.
contexts: [region, entity]
effective: {from: 2026-01-01, to: 2026-12-31}
hit: priority
inputs:
  amount: {type: money, currency: EUR, optional: true, domain: ">= 0", unit: EUR, label: Total}
  limit: {type: money, currency: EUR, optional: true, derived: amount * 2}
  country: {type: enum, values: [DE, NO, 1, true]}
  flags: {type: set, values: [a, b]}
  count: {type: integer}
outputs:
  route: {type: enum, values: [pay, ask]}
  role: {type: role, values: [cfo], only_when: {route: ask}}
  fee: {type: decimal, domain: "[0..9]", unit: "%"}
rules:
- {id: R1, priority: 20, when: {amount: 5, country: [DE, true], flags: [a]}, then: {route: ask, role: cfo, fee: 1}, because: High}
- {id: 2, priority: 1, mandatory: true, when: {}, then: {route: pay, role: "-", fee: 2.50}, because: 7}
examples:
- {name: One, given: {amount: 5, country: DE, flags: [a, b], count: 1}, as_of: 2026-02-01, expect: {rule: R1, fee: 1}}
- {name: Two, like: One, given: {flags: []}, expect: {escalation: no_rule}}
"""  # noqa: E501


def as_an_editor(text: str) -> Any:
    """The document as YAML 1.2 types it: dates are text, and NO is Norway."""
    return retyped(yaml.load(text, Loader=yaml.BaseLoader))


def retyped(value: Any) -> Any:
    match value:
        case dict():
            return {key: retyped(one) for key, one in value.items()}
        case list():
            return list(map(retyped, value))
        case "true" | "false":
            return value == "true"
        case str() if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return json.loads(value.lstrip("0") or "0") if not value.startswith("0.") else float(value)
    return value


def changed(*path: str | int, to: Any = None) -> Any:
    """The table with one thing in it replaced or added, or with None taken out."""
    document = as_an_editor(TABLE)
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return document


def test_the_schema_is_one_and_the_file_for_editors_holds_it() -> None:
    Draft202012Validator.check_schema(table_schema())

    assert json.loads((FOLDER.parent / "docs" / "rules.schema.json").read_text("utf-8")) == table_schema()


@pytest.mark.parametrize("file", sorted(FOLDER.glob("**/*.yaml")), ids=lambda path: path.name)
def test_every_shipped_file_is_valid(file: Path) -> None:
    assert list(VALIDATOR.iter_errors(as_an_editor(file.read_text("utf-8")))) == []


def test_a_table_with_everything_is_valid() -> None:
    parse_table(TABLE)

    assert list(VALIDATOR.iter_errors(as_an_editor(TABLE))) == []


@pytest.mark.parametrize(
    "broken",
    [
        changed("owner"),
        changed("owner", to=" "),
        changed("colour", to="red"),
        changed("id", to="the limits"),
        changed("effective", to={"from": "May 2026"}),
        changed("hit", to="last"),
        changed("hit", to="first"),
        changed("aggregate", to="sum"),
        changed("rules"),
        changed("rules", to=[]),
        changed("rows", to="limits.csv"),
        changed("inputs", "amount", "currency"),
        changed("inputs", "amount", "type", to="float"),
        changed("inputs", "amount", "optional", to="maybe"),
        changed("inputs", "limit", "from", to={"table": "rates", "output": "rate"}),
        changed("inputs", "count", "currency", to="EUR"),
        changed("inputs", "country", "values"),
        changed("inputs", "count", "values", to=["a"]),
        changed("outputs", "role", "only_when", to={"route": "ask", "fee": 1}),
        changed("outputs", "fee", "derived", to="1 + 1"),
        changed("rules", 0, "priority"),
        changed("rules", 0, "because"),
        changed("rules", 0, "because", to=""),
        changed("rules", 0, "since", to="now"),
        changed("rules", 0, "when", "amount", to={"min": 5}),
        changed("rules", 0, "when", "country", to=[]),
        changed("rules", 0, "then", "route", to=["ask"]),
        changed("examples", 0, "expect", to={}),
        changed("examples", 1, "expect", "escalation", to="nothing"),
        changed("overlays", to="limits"),
        [],
    ],
)
def test_a_broken_table_is_not_valid(broken: Any) -> None:
    assert list(VALIDATOR.iter_errors(broken)) != []


def test_an_overlay_is_valid_and_a_broken_one_is_not() -> None:
    overlay: dict[str, Any] = {
        **dict.fromkeys(("overlays", "id", "version", "owner", "title"), "a"),
        "effective": {"from": "2026-01-01"},
        "context": {"entity": "AT"},
        "inputs": {"amount": {"domain": "> 5"}},
        "rules": as_an_editor(TABLE)["rules"],
    }

    assert VALIDATOR.is_valid(overlay)
    assert not VALIDATOR.is_valid(overlay | {"context": "AT"})
    assert not VALIDATOR.is_valid(overlay | {"hit": "first"})


# Things to put anywhere into a table, of the forms that occur in one.
WORDS = [
    "a",
    "R1",
    "5",
    "-5",
    "true",
    "-",
    "missing",
    "2026-05-01",
    "priority",
    "collect",
    "sum",
    "first",
    "money",
    "EUR",
]
FORMS = [["a"], [], {}, {"a": "5"}, {"from": "2026-01-01"}, {"route": "ask"}, {"table": "a", "output": "b"}]
THINGS = st.sampled_from(WORDS) | st.sampled_from(FORMS)
KEYS = ["aggregate", "mandatory", "priority", "unit", "label", "domain", "like", "as_of", "to", "rows"]


@st.composite
def variants(draw: st.DrawFn) -> Any:
    """The table with a few things taken out, put in or replaced, as text."""
    document = yaml.load(TABLE, Loader=yaml.BaseLoader)
    for _ in range(draw(st.integers(1, 2))):
        places = list(containers(document))
        place = draw(st.sampled_from(places))
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        words = [
            "aggregate",
            "mandatory",
            "priority",
            "unit",
            "label",
            "domain",
            "like",
            "as_of",
            "to",
            "rows",
        ]
        key = draw(st.sampled_from([*keys, *words] if isinstance(place, dict) else keys))
        if draw(st.booleans()) and key in keys:
            del place[key]
        else:
            place[key] = deepcopy(draw(THINGS))
    return document


def containers(value: Any) -> Any:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner:
        yield value
    for one in inner:
        yield from containers(one)


@settings(max_examples=100, deadline=None)
@given(variants())
def test_the_schema_refuses_nothing_that_reading_takes(document: Any) -> None:
    try:
        parse_table(json.dumps(document))
    except (TableError, TableNotFound):
        return
    assert [error.message for error in VALIDATOR.iter_errors(retyped(document))] == []
