"""What a description is called by, how two differ in words, and text that shows what is hidden in it."""

import json

import pytest
from mcp.types import Tool, ToolAnnotations

from tools.approval.approvals import LINE, lay_out
from tools.approval.descriptions import SHOWN_CHANGES, changes_of, description_of
from tools.words import visible

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"enum": ["x", "y"]}}}


def described(**fields: object):
    return description_of(Tool(**{"name": "t", "description": "Does it.", "inputSchema": SCHEMA, **fields}))


def test_the_digest_does_not_depend_on_the_order_of_fields() -> None:
    turned = {"properties": {"b": {"enum": ["x", "y"]}, "a": {"type": "string"}}, "type": "object"}

    assert described(inputSchema=turned).digest == described().digest


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "u"},
        {"title": "T"},
        {"description": "does it."},
        {"inputSchema": {**SCHEMA, "default": None}},
        {"outputSchema": {}},
        {"annotations": ToolAnnotations(destructiveHint=True)},
    ],
)
def test_every_field_is_part_of_the_digest(fields: dict[str, object]) -> None:
    assert described(**fields).digest != described().digest


def test_what_differs_is_named_by_its_place() -> None:
    other = {"type": "object", "properties": {"b": {"enum": ["x", "z"]}, "c\u202e": {}}}

    assert [str(change) for change in changes_of(described(), described(inputSchema=other))] == [
        'inputSchema.properties.a is gone, it was {"type": "string"}',
        'inputSchema.properties.b.enum.1 was "y", is "z"',
        r"inputSchema.properties.c\u202e is new: {}",
    ]


def test_of_a_long_text_the_part_that_differs_is_shown() -> None:
    (change,) = changes_of(described(description="a" * 5000 + "b"), described(description="a" * 5000 + "c"))

    assert change.before is not None
    assert change.before.startswith("...aaa")
    assert change.before.endswith('ab"')
    assert len(str(change)) < 1000


def test_of_many_differences_the_first_are_told() -> None:
    many = {"type": "object", "properties": {f"p{number}": {} for number in range(500)}}

    assert len(changes_of(described(), described(inputSchema=many))) == SHOWN_CHANGES


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größer, 価格", "plain, größer, 価格"),
        ("\x1b[2J\r\n\t", r"\u001b[2J\u000d\n\t"),
        ("pay\u202eyap", r"pay\u202eyap"),
        ("zero\u200bwidth\u2060\ufeff\u00ad\u00a0", r"zero\u200bwidth\u2060\ufeff\u00ad\u00a0"),
        ("tag\U000e0041", r"tag\udb40\udc41"),
        ("filler\u3164\u115f\uffa0\u034f\ufe0f\u2800", r"filler\u3164\u115f\uffa0\u034f\ufe0f\u2800"),
        ("half\ud800", r"half\ud800"),
    ],
)
def test_whatever_is_not_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text


def test_json_is_laid_out_with_one_thing_a_line() -> None:
    value = {"long": ["x" * 60, "y" * 60], "short": {"a": 1}, "empty": [], "text": "z" * 200}

    text = lay_out(value)

    assert json.loads(text) == value
    assert '  "short": {"a": 1},' in text.split("\n")
    assert [line for line in text.split("\n") if len(line) > LINE and "zzz" not in line] == []
