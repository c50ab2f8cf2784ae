"""A tool as its server describes it, what that is called by (a digest), and how two descriptions differ."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256

from mcp.types import Tool
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from tools.words import visible

SHOWN_CHARACTERS = 300
SHOWN_BEFORE = 60
SHOWN_CHANGES = 20


class Description(BaseModel):
    """All that a server says of a tool and a person or a model may go by."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: str
    title: str | None = None
    description: str | None = None
    input_schema: dict[str, JsonValue]
    output_schema: dict[str, JsonValue] | None = None
    annotations: dict[str, JsonValue] | None = None

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hex, of the canonical JSON.

        It is all ASCII: a server may send half of a surrogate pair, which has no other bytes.
        """
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"sha256:{sha256(canonical.encode()).hexdigest()}"

    def as_json(self) -> dict[str, JsonValue]:
        """Return what the server said, under the names of MCP, without what it left out."""
        said = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
            "annotations": self.annotations,
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Change:
    """One difference: the place, and what stands there before and after; None where nothing does.

    Both are JSON that is safe to show, and cut to what differs.
    """

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field} is new: {self.after}"
        if self.after is None:
            return f"{self.field} is gone, it was {self.before}"
        return f"{self.field} was {self.before}, is {self.after}"

    def as_json(self) -> dict[str, JsonValue]:
        return asdict(self)


def description_of(tool: Tool) -> Description:
    """Return what a server says of a tool."""
    annotations = tool.annotations
    return Description(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.inputSchema,
        output_schema=tool.outputSchema,
        annotations=annotations.model_dump(mode="json", exclude_none=True) if annotations else None,
    )


def changes_of(before: Description, after: Description) -> list[Change]:
    """Say what differs, in the order of the fields, the first `SHOWN_CHANGES` of it."""
    found = _differences("", before.as_json(), after.as_json())
    return [change for _, change in zip(range(SHOWN_CHANGES), found, strict=False)]


def _differences(place: str, before: JsonValue, after: JsonValue) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            inner = f"{place}.{visible(name)}" if place else visible(name)
            if name not in before:
                yield Change(inner, None, _cut(_shown(after[name]), 0))
            elif name not in after:
                yield Change(inner, _cut(_shown(before[name]), 0), None)
            else:
                yield from _differences(inner, before[name], after[name])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{place}.{number}", one, other)
    elif (old := _shown(before)) != (new := _shown(after)):
        same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
        yield Change(place, _cut(old, same), _cut(new, same))


def _shown(value: JsonValue) -> str:
    return visible(json.dumps(value, ensure_ascii=False))


def _cut(text: str, same: int) -> str:
    """Return the part that tells it from another of which the first `same` characters are the same."""
    if len(text) <= SHOWN_CHARACTERS:
        return text
    start = max(0, min(same - SHOWN_BEFORE, len(text) - SHOWN_CHARACTERS))
    end = start + SHOWN_CHARACTERS
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"
