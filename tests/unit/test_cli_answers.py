"""Answers as people type them."""

from typing import Any

import pytest
import typer
from pydantic import BaseModel

from nodes.review import Approval
from server.cli.answers import choices_of, kinds_of, parse_json, parse_settings

APPROVAL = Approval.model_json_schema()


class Account(BaseModel):
    iban: str
    share: int


class Correction(BaseModel):
    account: Account | None = None
    urgent: bool = False
    note: str | None = None


CORRECTION = Correction.model_json_schema()


def test_text_stays_text_where_the_form_asks_for_text() -> None:
    answer = parse_settings(["decision=reject", "comment=2026"], form=APPROVAL)

    assert answer == {"decision": "reject", "comment": "2026"}


def test_dotted_names_build_nested_objects_by_the_types_of_the_form() -> None:
    settings = ["account.iban=100", "account.share=100", "urgent=true", "note=true"]

    answer = parse_settings(settings, form=CORRECTION)

    assert answer == {"account": {"iban": "100", "share": 100}, "urgent": True, "note": "true"}


def test_without_a_form_a_value_is_json_if_it_reads_as_json() -> None:
    answer = parse_settings(["a.b=1", "c=yes", 'd=["x"]'], form=None)

    assert answer == {"a": {"b": 1}, "c": "yes", "d": ["x"]}


def test_a_value_may_hold_equals_signs_and_be_empty() -> None:
    answer = parse_settings(["comment=a=b", "note="], form=APPROVAL)

    assert answer == {"comment": "a=b", "note": ""}


@pytest.mark.parametrize("setting", ["decision", "=approve", "a..b=1", ".a=1"])
def test_a_setting_without_a_whole_name_is_wrong_usage(setting: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not NAME=VALUE"):
        parse_settings([setting], form=None)


@pytest.mark.parametrize(
    "settings", [["a=1", "a=2"], ["a=1", "a.b=2"], ["a.b=1", "a=2"], ["a.b=1", "a.b.c=2"]]
)
def test_a_name_that_is_set_twice_is_wrong_usage(settings: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="is set twice"):
        parse_settings(settings, form=None)


def test_a_json_answer_is_any_json() -> None:
    assert parse_json('{"decision": "approve"}', option="--json-answer") == {"decision": "approve"}


@pytest.mark.parametrize("text", ["", "{decision: approve}", "[" * 100_000])
def test_an_answer_that_is_not_json_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not JSON"):
        parse_json(text, option="--json-answer")


@pytest.mark.parametrize(
    ("field", "kinds"),
    [("account", ["object", "null"]), ("urgent", ["boolean"]), ("note", ["string", "null"])],
)
def test_a_field_takes_the_kinds_of_all_its_options(field: str, kinds: list[str]) -> None:
    assert kinds_of(CORRECTION, CORRECTION["properties"][field]) == kinds


@pytest.mark.parametrize(
    ("schema", "choices"),
    [({"enum": ["approve", 1, None]}, ["approve", "1", "null"]), ({"const": "x"}, ["x"]), ({}, [])],
)
def test_the_choices_of_a_field_are_shown_as_they_are_typed(
    schema: dict[str, Any], choices: list[str]
) -> None:
    assert choices_of(None, schema) == choices
