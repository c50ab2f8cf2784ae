"""What policies see of arguments: types of Cedar, exactly, or nothing."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.policies.shapes import Inexpressible, shape_of


def shown(schema, value, *, required=True):
    fields = shape_of({"type": "object", "properties": {"it": schema}, "required": ["it"] * required})
    return fields.value({"it": value}).get("it")


def cedar_of(schema, *, required=True):
    shape = shape_of({"type": "object", "properties": {"it": schema}, "required": ["it"] * required})
    return re.fullmatch(r'\{(?:"it"(\??): (.*))?\}', shape.cedar).groups()


def decimal_of(value):
    return Decimal(value["__extn"]["arg"])


AMOUNT = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,2})?$"}


@pytest.mark.parametrize(
    ("schema", "cedar"),
    [
        ({"type": "string"}, "String"),
        ({"type": "string", "enum": ["a"]}, "String"),
        ({"type": "string", "pattern": "^[0-9]+$"}, "String"),
        ({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$"}, "String"),
        ({"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?$"}, "String"),
        ({"type": "string", "pattern": "^(?<year>[0-9]{4})"}, "String"),
        (AMOUNT, "decimal"),
        ({"type": "string", "pattern": r"^-?[0-9]{1,12}\.[0-9]{2}$"}, "String"),
        ({"type": "string", "format": "decimal"}, "decimal"),
        ({"type": "integer"}, "Long"),
        ({"type": "number"}, "decimal"),
        ({"type": "boolean"}, "Bool"),
        ({"type": "array", "items": {"type": "integer"}}, "Set<Long>"),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, None),
        ({"type": "object", "properties": {"a": AMOUNT}, "required": ["a"]}, '{"a": decimal}'),
        ({"type": "object"}, None),
        ({}, None),
        ({"$ref": "https://elsewhere/schema"}, None),
    ],
)
def test_a_schema_has_this_type(schema, cedar):
    optional, found = cedar_of(schema)

    assert found == cedar or (schema.get("anyOf") and (optional, found) == ("?", "decimal"))


def test_what_may_be_null_or_is_not_required_is_optional():
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}

    assert cedar_of(nullable) == ("?", "String")
    assert cedar_of({"type": "string"}, required=False) == ("?", "String")
    assert cedar_of({"type": ["string", "null"]}) == ("?", "String")
    assert shown(nullable, None) is None


def test_an_amount_that_may_be_empty_is_absent_when_it_is():
    schema = {"type": "string", "pattern": r"^([0-9]{1,12}(\.[0-9]{1,2})?)?$"}

    assert cedar_of(schema) == ("?", "decimal")
    assert shown(schema, "") is None


@given(st.decimals(min_value=-922337203685477, max_value=922337203685477, places=4))
def test_a_decimal_is_seen_exactly(value):
    assert decimal_of(shown({"type": "string", "format": "decimal"}, f"{value:f}")) == value


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.text() | st.booleans() | st.none())
def test_a_number_is_seen_exactly_or_not_at_all(value):
    try:
        seen = shown({"type": "number"}, value, required=False)
    except Inexpressible:
        return
    assert seen is None or decimal_of(seen) == Decimal(str(value))


@pytest.mark.parametrize(
    "value",
    ["1e5", " 1", "1 ", "1,5", "+1", "1_000", "NaN", "Infinity", "٣", "1.00001", "922337203685478", "0x10"],
)
def test_text_that_is_no_exact_decimal_is_refused(value):
    with pytest.raises(Inexpressible):
        shown({"type": "string", "format": "decimal"}, value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, 5),
        ({"type": "integer"}, True),
        ({"type": "integer"}, 2**63),
        ({"type": "boolean"}, 1),
        ({"type": "array", "items": {"type": "string"}}, "a"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, []),
        ({"type": "string"}, None),
    ],
)
def test_a_value_of_another_type_is_refused(schema, value):
    with pytest.raises(Inexpressible):
        shown(schema, value)


def test_a_recursive_schema_ends():
    schema = {
        "type": "object",
        "properties": {"node": {"$ref": "#/$defs/Node"}},
        "$defs": {"Node": {"type": "object", "properties": {"child": {"$ref": "#/$defs/Node"}}}},
    }

    assert shape_of(schema).cedar.startswith('{"node"?: {"child"?: ')


def test_an_argument_cannot_pose_as_an_entity():
    schema = {"type": "object", "properties": {"__entity": {"type": "string"}, "a": {"type": "string"}}}

    assert shape_of(schema).cedar == '{"a"?: String}'
