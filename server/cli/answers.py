"""Answers as people type them: `--set decision=approve`, read by the form that the review published."""

import json
from json import JSONDecodeError
from typing import Any

import typer

from server.engine.plain_json import check_plain

Form = dict[str, Any] | None


def parse_json(text: str, *, option: str) -> Any:
    """Read the value of an option that takes JSON."""
    try:
        value = json.loads(text)
        check_plain(value)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint=option) from error
    return value


def parse_settings(settings: list[str], *, form: Form) -> dict[str, Any]:
    """Build an answer from `a.b=value` settings.

    Where the form asks for text, the value is that text; elsewhere it is JSON if it reads as JSON, so `1` and
    `true` are what they look like.
    """
    answer: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        path = name.strip().split(".")
        if not equals or not all(path):
            raise typer.BadParameter(f"{setting!r} is not NAME=VALUE", param_hint="--set")
        _put(answer, path, value=text if takes_text(form, path) else _json_or_text(text))
    return answer


def takes_text(form: Form, path: list[str]) -> bool:
    """Say whether the form asks for text at this place; it does not if it has no such place."""
    schema: Any = form
    for name in path:
        schema = _field(form, schema, name=name)
    return "string" in kinds_of(form, schema)


def kinds_of(form: Form, schema: Any) -> list[str]:
    """Return the JSON types that the schema admits, in its order; none if it does not say."""
    schema = _resolve(form, schema)
    if "anyOf" in schema:
        return [kind for option in schema["anyOf"] for kind in kinds_of(form, option)]
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def choices_of(form: Form, schema: Any) -> list[str]:
    """Return the values that the schema lists, as people type them."""
    schema = _resolve(form, schema)
    options = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return [option if isinstance(option, str) else json.dumps(option) for option in options]


def _field(form: Form, schema: Any, *, name: str) -> Any:
    """Return the schema of the field of this name, None if no option of the object has one."""
    schema = _resolve(form, schema)
    options = [_resolve(form, option) for option in schema.get("anyOf", [schema])]
    return next((one["properties"][name] for one in options if name in one.get("properties", {})), None)


def _resolve(form: Form, schema: Any) -> dict[str, Any]:
    """Follow a reference into the form's own definitions."""
    if not isinstance(schema, dict):
        return {}
    reference = schema.get("$ref")
    if form is None or not isinstance(reference, str):
        return schema
    return _resolve(form, form.get("$defs", {}).get(reference.removeprefix("#/$defs/")))


def _put(answer: dict[str, Any], path: list[str], *, value: Any) -> None:
    place = answer
    for name in path[:-1]:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            break
    if not isinstance(place, dict) or path[-1] in place:
        raise typer.BadParameter(f"{'.'.join(path)} is set twice", param_hint="--set")
    place[path[-1]] = value


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (JSONDecodeError, RecursionError):
        return text
