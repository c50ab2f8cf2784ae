"""Answers against the form that their review published."""

from typing import Any

from jsonschema import Draft202012Validator

from server.errors import BadRequest


def check_answer(answer: Any, *, form: dict[str, Any] | None) -> None:
    """Accept an answer that fits the form's JSON Schema; without a form, any JSON.

    Raises:
        BadRequest: naming the field of the answer that does not fit.
    """
    if form is None:
        return
    validator = Draft202012Validator(form, format_checker=Draft202012Validator.FORMAT_CHECKER)
    error = next(
        iter(sorted(validator.iter_errors(answer), key=lambda found: list(found.absolute_path))), None
    )
    if error is not None:
        path = ".".join(["answer", *(str(part) for part in error.absolute_path)])
        raise BadRequest(error.message, field=path)
