"""Where a value of a model's call comes from, by looking for it; what the model says of it is no proof."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from nodes.tool_use.plan import CHOICE, DOCUMENT, MODEL, TASK
from nodes.tool_use.state import Turn
from tools.contracts import pick

LISTING = ("enum", "const", "default")


@dataclass(frozen=True)
class Known:
    """What there is to find a value in."""

    task: str
    documents: Mapping[str, str]
    talk: Sequence[Turn]

    def has(self, value: JsonValue, source: str, *, schema: Mapping[str, Any]) -> bool:
        """Say whether the value, which is no list and no object, comes from the source."""
        if source == MODEL:
            return True
        if source == TASK:
            return _stands_in(value, [self.task])
        if source == DOCUMENT:
            return _stands_in(value, self.documents.values())
        if source == CHOICE:
            return isinstance(value, bool) or any(_same(value, one) for one in _listed(schema))
        return self._answered(value, source)

    def _answered(self, value: JsonValue, source: str) -> bool:
        tool, _, path = source.partition(":")
        answers = [turn.answer for turn in self.talk if turn.call and turn.call.tool == tool and turn.answer]
        if not path:
            return _stands_in(value, (_text(answer) for answer in answers))
        return any(_same(value, place) for answer in answers for place in _places(answer, path))


def strangers(
    arguments: Mapping[str, JsonValue],
    sources: Mapping[str, Sequence[str]],
    *,
    known: Known,
    schema: Mapping[str, Any],
) -> list[str]:
    """Name the arguments with a value that comes from none of the sources which the plan has for it."""
    names = set(_names(schema))
    return [
        name
        for name, value in arguments.items()
        if not all(
            any(known.has(leaf, source, schema=schema) for source in sources.get(name, ()))
            for leaf in _leaves(value, names)
        )
    ]


def _leaves(value: JsonValue, names: set[str]) -> Iterator[JsonValue]:
    """Every value in it; the name of a field that the schema does not have is one too."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in names:
                yield name
            yield from _leaves(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, names)
    else:
        yield value


def _stands_in(value: JsonValue, texts: Iterable[str]) -> bool:
    """Whether it stands there as a word of its own: part of a longer number is another number."""
    if isinstance(value, bool) or value is None or not str(value).strip():
        return False
    whole = re.compile(rf"(?<!\w){re.escape(str(value))}(?!\w)")
    return any(whole.search(text) for text in texts)


def _same(one: JsonValue, other: JsonValue) -> bool:
    return type(one) is type(other) and one == other


def _text(answer: Mapping[str, JsonValue]) -> str:
    """Every text and number of an answer, as it is written there, a line each."""
    return "\n".join(str(leaf) for leaf in _leaves(dict(answer), set(answer)))


def _places(answer: JsonValue, path: str) -> Iterator[JsonValue]:
    """What stands at the path; a list on the way stands for each of its items."""
    step, _, rest = path.partition(".")
    if isinstance(answer, list) and not step.isdecimal():
        for item in answer:
            yield from _places(item, path)
        return
    try:
        found = pick(answer, step)
    except LookupError:
        return
    if rest:
        yield from _places(found, rest)
    else:
        yield from found if isinstance(found, list) else [found]


def _listed(schema: JsonValue | Mapping[str, Any]) -> Iterator[JsonValue]:
    for part in _parts(schema):
        for word in LISTING:
            listed = part.get(word)
            yield from listed if isinstance(listed, list) else [listed]


def _names(schema: JsonValue | Mapping[str, Any]) -> Iterator[str]:
    for part in _parts(schema):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from properties


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for item in schema.values():
            yield from _parts(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _parts(item)


def plain(value: Any) -> JsonValue:
    """Return a model's value as what a checkpoint can keep.

    Raises:
        ValueError: it is no JSON, or a number is beyond 64 bits.
    """
    copy: JsonValue = json.loads(json.dumps(value, allow_nan=False))
    for leaf in _leaves(copy, set()):
        if isinstance(leaf, int) and not -(2**63) <= leaf < 2**63:
            raise ValueError(f"{leaf} is beyond 64 bits")
    return _whole(copy)


def _whole(value: JsonValue) -> JsonValue:
    """Replace NUL and halves of surrogate pairs, which no database keeps."""
    if isinstance(value, dict):
        return {str(_whole(name)): _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return plain_text(value) if isinstance(value, str) else value


def plain_text(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
