"""What can be kept as JSON, how large it is, and which part of the rest is to blame."""

import json
from typing import Any

import pytest
from langgraph.types import Send
from pydantic import BaseModel

from server.engine.plain_json import NotPlain, TooManyBytes, check_plain


class Line(BaseModel):
    text: str


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"total": "1234567890123456789012.50", "count": 2**53 + 1},
        {"least": -(2**63), "most": 2**63 - 1},
        "an emoji \U0001f600, a backslash before u0000: \\u0000, NaN and Infinity as words",
        "9" * 40,
        [1.5, None, True, (1, 2)],
        {1: "a number as a name"},
    ],
)
def test_what_can_be_kept_is_measured_in_bytes_of_utf8(value: Any) -> None:
    size = check_plain(value)

    assert size == len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


UNFIT = {
    "nul": ({"a": [{"b": "x\0"}]}, "a.0.b", "NUL"),
    "nul_in_a_name": ({"a": {"x\0": 1}}, "a", "NUL"),
    "surrogate": ({"a": "\ud83d"}, "a", "surrogate"),
    "nan": ([1.0, float("nan")], "1", "a number that JSON"),
    "infinity": ({"a": float("-inf")}, "a", "a number that JSON"),
    "over_64_bits": ({"a": 2**63}, "a", "64 bits"),
    "name_over_64_bits": ({2**64: "a"}, "", "64 bits"),
    "in_a_model": ({"lines": [Line(text="x\0")]}, "lines.0.text", "NUL"),
    "in_a_packet": ([Send("next", {"text": "x\0"})], "0.text", "NUL"),
    "as_a_packet": (Send("next", "x\0"), "", "NUL"),
    "deeper_than_python_walks": (nested(5000), "", "deep"),
}


@pytest.mark.parametrize(("value", "path", "reason"), UNFIT.values(), ids=UNFIT.keys())
def test_the_part_that_cannot_be_kept_is_named(value: Any, path: str, reason: str) -> None:
    with pytest.raises(NotPlain, match=reason) as refused:
        check_plain(value)

    assert ".".join(refused.value.path) == path


def test_a_value_that_contains_itself_cannot_be_kept() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(NotPlain, match="itself"):
        check_plain(value)


def test_depth_is_counted_in_containers() -> None:
    assert check_plain(nested(5), max_depth=5) == len('[[[[["x"]]]]]')

    with pytest.raises(NotPlain, match="deep"):
        check_plain(nested(6), max_depth=5)


def test_brackets_in_text_are_no_depth() -> None:
    check_plain({"text": "[" * 100}, max_depth=5)


def test_the_last_byte_that_fits_is_taken() -> None:
    assert check_plain("é" * 4, max_bytes=10) == 10

    with pytest.raises(TooManyBytes, match="10 bytes; the limit is 9"):
        check_plain("é" * 4, max_bytes=9)
