"""The JSON Schema of a table's file and of an overlay's: an editor completes, explains and underlines by it.

It is made of what reading is made of, and refuses nothing that reading takes. An editor reads YAML with types
of its own, so text may be a number or a truth value to it. What only reading can know, such as whether a cell
is one of its input's type, stays with reading.
"""

from collections.abc import Iterable, Mapping

from rules.decision import ESCALATIONS
from rules.declarations import INPUT_TYPES, OUTPUT_TYPES, WORD_TYPES
from rules.table import AGGREGATES, HIT_POLICIES
from rules.values import CURRENCY, DATE, NAME, RESERVED, WORD, JsonValue

Schema = dict[str, JsonValue]

_SCALAR: list[JsonValue] = ["string", "number", "boolean"]
_TEXT: Schema = {"type": _SCALAR, "pattern": r"\S"}
_NAME: Schema = {"type": _SCALAR, "pattern": f"^{NAME.pattern}$", "not": {"const": RESERVED}}
_WORD: Schema = {"type": _SCALAR, "pattern": f"^{WORD.pattern}$", "not": {"const": RESERVED}}
_DAY: Schema = {"type": "string", "pattern": f"^{DATE.pattern}$"}
_WHOLE: Schema = {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
_FLAG: Schema = {"enum": [True, False, "true", "false"]}
_CELL: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_FACT: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def table_schema() -> Schema:
    """The schema, as of JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A decision table, or an overlay of one",
        "if": {"required": ["overlays"]},
        "then": _overlay(),
        "else": _table(),
    }


def _table() -> Schema:
    """Rows stand in the file, or in a CSV file beside it; their priorities go with the hit policy."""
    ranked: Schema = {"properties": {"rules": {"items": {"required": ["priority"]}}}}
    unranked: Schema = {"properties": {"rules": {"items": {"properties": {"priority": False}}}}}
    return _object(
        {
            "id": _said(_NAME, "The table's name, which is that of its file."),
            **_heading(),
            "prose": _said(_TEXT, "What the table is about, for whoever reads it."),
            "contexts": _said(
                _list(_NAME), "What overlays may be for, from the most general to the most specific."
            ),
            "hit": _said({"enum": [*HIT_POLICIES]}, "What decides if several rules fit."),
            "aggregate": _said(
                {"enum": [*AGGREGATES]}, "How `collect` takes rules together; `list` unless said."
            ),
            "inputs": _said(_map(_input()), "What the table must be told, by name."),
            "outputs": _said(_map(_output()), "What the table says, by name."),
            "rules": _said(_list(_rule()), "One rule a line."),
            "rows": _said(_TEXT, "A CSV file beside this one that holds the rules instead."),
            "examples": _examples(),
        },
        required=["id", "version", "owner", "title", "effective", "hit", "inputs", "outputs"],
    ) | {
        "oneOf": [{"required": ["rules"]}, {"required": ["rows"]}],
        "allOf": [
            _when("hit", ["priority"], then=ranked, otherwise=unranked),
            _when("hit", ["collect"], otherwise={"properties": {"aggregate": False}}),
        ],
    }


def _overlay() -> Schema:
    return _object(
        {
            "overlays": _said(_NAME, "The table that it overlays."),
            "id": _said(_NAME, "The overlay's name, which is that of its file."),
            **_heading(),
            "context": _said(_map(_TEXT), "Where it applies, such as {entity: AT}."),
            "inputs": _said(_map(_object({"domain": _CELL}, required=["domain"])), "Narrower domains."),
            "rules": _said(_list(_rule()), "Rules that replace the table's, by id, or are added."),
            "examples": _examples(),
        },
        required=["overlays", "id", "version", "owner", "title", "effective", "context"],
    )


def _heading() -> Schema:
    days = _object(
        {"from": _said(_DAY, "The first day."), "to": _said(_DAY, "The last day.")}, required=["from"]
    )
    return {
        "version": _said(_TEXT, "A new one for every change."),
        "owner": _said(_TEXT, "Who answers for the rules."),
        "title": _said(_TEXT, "The question, in a line."),
        "effective": _said(days, "The days on which it is in force, both included."),
    }


def _input() -> Schema:
    source = _object({"table": _NAME, "output": _NAME}, required=["table", "output"])
    own: Schema = {
        "optional": _said(_FLAG, "Whether it may be missing."),
        "derived": _said(_TEXT, "Exact arithmetic over other inputs; then it is no fact."),
        "from": _said(source, "The output of another table that is asked for it; then it is no fact."),
    }
    return _declared(INPUT_TYPES, own) | {"not": {"required": ["derived", "from"]}}


def _output() -> Schema:
    only: Schema = _map(_TEXT) | {"minProperties": 1, "maxProperties": 1}
    return _declared(
        OUTPUT_TYPES, {"only_when": _said(only, "The value of another output with which it is said.")}
    )


def _declared(types: Iterable[str], own: Schema) -> Schema:
    """An input or an output: its type, and what belongs to that type and to no other."""
    properties: Schema = {
        "type": _said({"enum": [*types]}, "What its values are."),
        "currency": _said({"type": "string", "pattern": f"^{CURRENCY.pattern}$"}, "ISO 4217, such as EUR."),
        "values": _said(_words(), "The words that there are."),
        "domain": _said(_CELL, "A cell that says which values there can be."),
        "unit": _said(_TEXT, "What it is counted in."),
        "label": _said(_TEXT, "What it is, for people."),
        **own,
    }
    return _object(properties, required=["type"]) | {
        "allOf": [
            _when(
                "type",
                ["money"],
                then={"required": ["currency"]},
                otherwise={"properties": {"currency": False}},
            ),
            _when(
                "type",
                [*WORD_TYPES],
                then={"required": ["values"]},
                otherwise={"properties": {"values": False}},
            ),
        ]
    }


def _rule() -> Schema:
    return _object(
        {
            "id": _said(_NAME, "Its name, which decisions give as their ground."),
            "priority": _said(_WHOLE, "Of the rules that fit, the highest decides."),
            "when": _said(_map(_CELL), "A cell for each input that it tests; all must hold."),
            "then": _said(_map(_TEXT), "What it says."),
            "because": _said(_TEXT, "Why, in words that whoever is affected may read."),
            "mandatory": _said(_FLAG, "Whether no overlay may decide otherwise."),
            "contradicts": _said(
                _list(_NAME), "Rules that say otherwise on purpose: where both fit, a person decides."
            ),
        },
        required=["id", "when", "then", "because"],
    )


def _examples() -> Schema:
    expect: Schema = _map(_FACT) | {
        "minProperties": 1,
        "properties": {
            "rule": _said(_NAME, "The rule that decides."),
            "escalation": _said({"enum": [*ESCALATIONS]}, "Why there is no decision."),
        },
    }
    example = _object(
        {
            "name": _said(_TEXT, "The case, in words of its owner."),
            "like": _said(_TEXT, "The name of an earlier example, whose facts it has too."),
            "given": _said(_map(_FACT), "The facts."),
            "as_of": _said(_DAY, "The day; the table's first unless said."),
            "expect": _said(expect, "Outputs, the rule, or the kind of an escalation."),
        },
        required=["name", "given", "expect"],
    )
    return _said(_list(example), "Cases that the owner has decided.")


def _object(properties: Mapping[str, JsonValue], *, required: Iterable[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [*required],
        "additionalProperties": False,
    }


def _map(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _words() -> Schema:
    return _list(_WORD)


def _said(schema: Schema, description: str) -> Schema:
    return schema | {"description": description}


def _when(key: str, values: Iterable[str], *, then: JsonValue = True, otherwise: JsonValue) -> Schema:
    return {"if": {"properties": {key: {"enum": [*values]}}}, "then": then, "else": otherwise}
