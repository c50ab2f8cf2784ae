"""The forms: what the JSON Schema lets through, the model does too, and the other way round."""

import pytest
from pydantic import BaseModel, ValidationError

from nodes.review import Approval, Completion
from server.engine.forms import check_answer
from server.errors import BadRequest

APPROVALS = [
    ({"decision": "approve"}, True),
    ({"decision": "check_again", "comment": ""}, True),
    ({"decision": "reject", "comment": "not ours"}, True),
    ({"decision": "reject"}, False),
    ({"decision": "reject", "comment": "  "}, False),
    ({"decision": "pay"}, False),
    ({"decision": "approve", "extra": 1}, False),
    ({}, False),
    ("approve", False),
    (None, False),
]
COMPLETIONS = [
    ({"decision": "reject", "comment": "a photo of a cat"}, True),
    ({"decision": "replace", "document": "sha256:0"}, True),
    ({"decision": "replace"}, False),
    ({"decision": "replace", "document": " "}, False),
    ({"decision": "reject"}, False),
]


@pytest.mark.parametrize(
    ("form", "answer", "fits"),
    [(Approval, *row) for row in APPROVALS] + [(Completion, *row) for row in COMPLETIONS],
)
def test_schema_and_model_agree(form: type[BaseModel], answer: object, fits: bool) -> None:
    assert fits_schema(form, answer) == fits
    assert fits_model(form, answer) == fits


def test_a_misfit_names_its_field() -> None:
    with pytest.raises(BadRequest) as refused:
        check_answer({"decision": "pay"}, form=Approval.model_json_schema())

    assert refused.value.field == "answer.decision"


def test_without_a_form_any_json_is_an_answer() -> None:
    check_answer([1, "two", None], form=None)


def fits_schema(form: type[BaseModel], answer: object) -> bool:
    try:
        check_answer(answer, form=form.model_json_schema())
    except BadRequest:
        return False
    return True


def fits_model(form: type[BaseModel], answer: object) -> bool:
    try:
        form.model_validate(answer)
    except ValidationError:
        return False
    return True
