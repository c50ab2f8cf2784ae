"""A tool's output schema: what it may be, and what it may cost."""

import pytest
from mcp.types import CallToolResult, ImageContent, TextContent, Tool

from tools.answers import MOST_LEVELS, MOST_VALUES, Offer
from tools.errors import BadAnswer, BadOffer, ToolRefused

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}


def offer(schema=None, form="structure"):
    return Offer(Tool(name="look", inputSchema={"type": "object"}, outputSchema=schema), form)


def result(structure=None, *texts, is_error=False):
    content = [TextContent(type="text", text=text) for text in texts]
    return CallToolResult(content=content, structuredContent=structure, isError=is_error)


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"next": value}
    return value


def test_an_answer_that_keeps_the_promise_is_returned():
    schema = {"$defs": {"node": NODE}, "$ref": "#/$defs/node", "required": ["next"]}

    assert offer(schema).structure(result({"next": {"next": {}}})) == {"next": {"next": {}}}


@pytest.mark.parametrize(
    ("schema", "answer", "field"),
    [
        ({"properties": {"n": {"type": "integer"}}}, {"n": "one"}, "“n”"),
        ({"properties": {"n": {"items": {"minimum": 2}}}}, {"n": [2, 1]}, r"“n\.1”"),
        ({"required": ["n"]}, {}, "“the answer”"),
        ({"properties": {"n": {"const": 2**53 + 1}}}, {"n": 2**53}, "“n”"),
        ({"properties": {"n": {"pattern": r"^(?=((a+)+)\1$)b"}}}, {"n": "a" * 5_000 + "c"}, "“n”"),
    ],
)
def test_an_answer_that_breaks_the_promise_names_the_field(schema, answer, field):
    with pytest.raises(BadAnswer, match=f"look breaks its own schema, {field}"):
        offer(schema).structure(result(answer))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "nonsense"}, "is none"),
        ({"$schema": "http://example.org/mine"}, "is none"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "refers elsewhere"),
        ({"properties": {"n": {"$ref": "file:///etc/passwd"}}}, "refers elsewhere"),
        ({"properties": {"n": {"$dynamicRef": "other.json"}}}, "refers elsewhere"),
        ({"$ref": "#/$defs/gone"}, "refers to nothing"),
        ({"$ref": "#"}, "refers to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}, "refers to itself"),
        ({"properties": {"n": {"$id": "http://example.org/n"}}}, "an .id of its own"),
        ({"properties": {"n": {"pattern": "(((a{100}){100}){100}){100}"}}}, "is none"),
        ({"properties": {"n": {"pattern": "("}}}, "is none"),
    ],
)
def test_a_schema_that_is_none_is_refused_before_any_call(schema, reason):
    with pytest.raises(BadOffer, match=reason):
        offer(schema)


def doubled(levels):
    parts = {f"p{i}": {"allOf": [{"$ref": f"#/$defs/p{i + 1}"}] * 2} for i in range(levels)}
    return {"$ref": "#/$defs/p0", "$defs": {**parts, f"p{levels}": {"type": "object"}}}


def doubled_inside():
    twice = {"allOf": [{"$ref": "#/$defs/node"}] * 2}
    return {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"next": twice}}}}


@pytest.mark.parametrize(("schema", "answer"), [(doubled(60), {}), (doubled_inside(), nested(60))])
def test_a_schema_that_doubles_the_work_with_every_level_is_not_begun(schema, answer):
    with pytest.raises(BadAnswer, match="takes too long"):
        offer(schema).structure(result(answer))


def test_a_schema_that_refers_to_itself_inside_is_cheap():
    children = {"type": "array", "items": {"$ref": "#/$defs/node"}}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"children": children}}}}
    answer = {"children": [{"children": [{}] * 100}] * 100}

    assert offer(schema).structure(result(answer)) == answer


@pytest.mark.parametrize(
    "answer",
    [nested(MOST_LEVELS + 1), {"all": [0] * MOST_VALUES}, {"n": 2**63}, {"n": float("nan")}],
    ids=["deep", "long", "wide", "nan"],
)
def test_an_answer_that_no_case_can_keep_is_refused(answer):
    with pytest.raises(BadAnswer, match="answered with"):
        offer().structure(result(answer))


def test_what_no_database_keeps_is_replaced():
    assert offer().structure(result({"a\0": ["b\ud800"]})) == {"a\ufffd": ["b?"]}


def test_names_that_become_one_are_refused():
    with pytest.raises(BadAnswer, match="names that no database can tell apart"):
        offer().structure(result({"in": {"a\0": 1, "a\ufffd": 2}}))


def test_a_refusal_repeats_the_servers_words_as_such():
    with pytest.raises(ToolRefused, match=r"^look says “no\\u001b\[2J”$"):
        offer().structure(result(None, "no\x1b[2J", is_error=True))


def test_text_is_the_answer_only_where_the_file_says_so():
    plain = result(None, "one", "two")

    assert offer(form="text").structure(plain) == {"text": "one\ntwo"}
    with pytest.raises(BadAnswer, match="without structured content"):
        offer().structure(plain)


def test_text_that_is_json_is_read_with_one_meaning():
    assert offer(form="json").structure(result(None, '[{"n": 1}]')) == {"json": [{"n": 1}]}
    with pytest.raises(BadAnswer, match="“n” stands twice"):
        offer(form="json").structure(result(None, '{"n": 1, "n": 2}'))


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_no_text_is_not_dropped_in_silence(form):
    image = ImageContent(type="image", data="", mimeType="image/png")
    mixed = CallToolResult(content=[TextContent(type="text", text="{}"), image])

    with pytest.raises(BadAnswer, match="brought image"):
        offer(form=form).structure(mixed)
    with pytest.raises(BadAnswer, match="brought nothing"):
        offer(form=form).structure(result())
