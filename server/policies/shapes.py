"""What a policy sees of a tool's arguments: the types of their JSON Schema, in Cedar's own.

Cedar compares numbers exactly, whole ones of 64 bits and decimals of four places. An amount that stands in
text is a decimal, if the tool's schema says by `format` or `pattern` that nothing else may stand there. What
has no type in Cedar, such as an object of any fields, is not shown: a policy that names it is refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from pydantic import JsonValue

LARGEST = Decimal("922337203685477.5807")
PLACES = Decimal("0.0001")
# A pattern that takes the first and none of the second lets nothing pass but decimals that Cedar holds.
_DECIMALS = (("1", "10.5"), ("1", "10.50"))
_NO_DECIMALS = ("x", "1e5", "1 ", "1,5", "1.2.3", "1-2", "0x1", "1.23456", "1" * 16, "NaN")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DEPTH = 8


class Inexpressible(ValueError):
    """A value that no policy can see as it is, so that none may permit it."""


class Shape(Protocol):
    """A type in Cedar, and how a JSON value becomes one of it."""

    @property
    def cedar(self) -> str: ...

    def value(self, value: JsonValue) -> JsonValue:
        """Return the value in Cedar's JSON.

        Raises:
            Inexpressible: it is of another type, or Cedar cannot hold it exactly.
        """


@dataclass(frozen=True)
class Plain:
    """Text, a whole number or a truth value: the same in both."""

    cedar: str
    type: type

    def value(self, value: JsonValue) -> JsonValue:
        if type(value) is not self.type:
            raise Inexpressible(f"{_shown(value)} is no {self.cedar}")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise Inexpressible(f"{value} is too large to be compared")
        return value


@dataclass(frozen=True)
class Number:
    """A decimal, from a JSON number or from text."""

    cedar: str = "decimal"

    def value(self, value: JsonValue) -> JsonValue:
        exact = _exact(value)
        if exact is None or abs(exact) > LARGEST or exact != exact.quantize(PLACES):
            raise Inexpressible(f"{_shown(value)} cannot be compared exactly: at most four decimal places")
        return {"__extn": {"fn": "decimal", "arg": f"{exact.quantize(PLACES):f}"}}


@dataclass(frozen=True)
class Many:
    """A list, as the set of what stands in it."""

    item: Shape

    @property
    def cedar(self) -> str:
        return f"Set<{self.item.cedar}>"

    def value(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, list):
            raise Inexpressible(f"{_shown(value)} is no list")
        return [self.item.value(item) for item in value]


@dataclass(frozen=True)
class Fields:
    """An object with named fields; `required` are always there. A field that is null or empty is not."""

    fields: Mapping[str, Shape]
    required: frozenset[str] = frozenset()

    @property
    def cedar(self) -> str:
        inner = ", ".join(
            f"{json.dumps(name)}{'' if name in self.required else '?'}: {shape.cedar}"
            for name, shape in self.fields.items()
        )
        return f"{{{inner}}}"

    def value(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            raise Inexpressible(f"{_shown(value)} is no object")
        given = {name: self._field(name, value[name]) for name in self.fields if self._has(name, value)}
        if missing := sorted(self.required - given.keys()):
            raise Inexpressible(f"{missing[0]} is missing")
        return given

    def _has(self, name: str, value: Mapping[str, JsonValue]) -> bool:
        empty = value.get(name) == "" and isinstance(self.fields[name], Number)
        return value.get(name) is not None and not empty

    def _field(self, name: str, value: JsonValue) -> JsonValue:
        try:
            return self.fields[name].value(value)
        except Inexpressible as error:
            raise Inexpressible(f"{name}: {error}") from None


def shape_of(schema: Mapping[str, Any]) -> Fields:
    """Return what policies see of the arguments that a tool's input schema describes."""
    return _object(schema, definitions=schema.get("$defs", {}), depth=0) or Fields({})


def _shape(schema: Any, *, definitions: Mapping[str, Any], depth: int) -> Shape | None:
    schema = _resolved(schema, definitions)
    if not isinstance(schema, dict) or depth > _DEPTH:
        return None
    match schema.get("type"):
        case "string":
            return Number() if _holds_decimals(schema) else Plain("String", str)
        case "integer":
            return Plain("Long", int)
        case "boolean":
            return Plain("Bool", bool)
        case "number":
            return Number()
        case "array":
            item = _shape(schema.get("items"), definitions=definitions, depth=depth + 1)
            return Many(item) if item else None
        case "object":
            return _object(schema, definitions=definitions, depth=depth + 1)
    return None


def _object(schema: Mapping[str, Any], *, definitions: Mapping[str, Any], depth: int) -> Fields | None:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return None
    shapes = {name: _shape(one, definitions=definitions, depth=depth) for name, one in properties.items()}
    # A name that begins like Cedar's own marks could be taken for one.
    fields = {name: shape for name, shape in shapes.items() if shape and not name.startswith("__")}
    given = {name for name in schema.get("required", ()) if name in fields}
    always = {name for name in given if not _may_be_empty(_resolved(properties[name], definitions))}
    return Fields(fields, frozenset(always))


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Follow a reference within the schema, and take what may also be null for what it is otherwise."""
    for _ in range(_DEPTH):
        if not isinstance(schema, dict):
            return None
        if isinstance(reference := schema.get("$ref"), str):
            schema = definitions.get(reference.removeprefix("#/$defs/"))
        elif isinstance(choices := schema.get("anyOf"), list):
            schema = _chosen([one for one in choices if one != {"type": "null"}], nullable=schema)
        elif isinstance(types := schema.get("type"), list):
            schema = _chosen([{**schema, "type": one} for one in types if one != "null"], nullable=schema)
        else:
            return schema
    return None


def _chosen(choices: list[Any], *, nullable: Mapping[str, Any]) -> Any:
    """One of several is no type in Cedar, but for a number that may stand in text as well."""
    of_types = {one.get("type") for one in choices if isinstance(one, dict)}
    if len(choices) == 2 and of_types == {"number", "string"}:
        return {"type": "number", _MAYBE: True}
    return {**choices[0], _MAYBE: True} if len(choices) == 1 and isinstance(choices[0], dict) else None


_MAYBE = "may be null"


def _may_be_empty(schema: Any) -> bool:
    if not isinstance(schema, dict) or schema.get(_MAYBE):
        return True
    return schema.get("type") == "string" and _holds_decimals(schema) and _takes(schema, "")


def _holds_decimals(schema: Mapping[str, Any]) -> bool:
    if schema.get("format") == "decimal":
        return True
    if "pattern" not in schema or any(_takes(schema, text) for text in _NO_DECIMALS):
        return False
    return any(all(_takes(schema, text) for text in texts) for texts in _DECIMALS)


def _takes(schema: Mapping[str, Any], text: str) -> bool:
    try:
        return re.search(str(schema.get("pattern", "")), text) is not None
    except re.error:
        return text in _NO_DECIMALS  # a pattern of another dialect: nothing is known of it


def _exact(value: JsonValue) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = value if isinstance(value, str) else repr(value)
    if isinstance(value, str) and not (_PLAIN.fullmatch(text) and len(text) <= 40):
        return None
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return None
    return exact if exact.is_finite() and exact.adjusted() < 20 else None


def _shown(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]
