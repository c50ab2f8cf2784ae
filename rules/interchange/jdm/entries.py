"""Plain JSON, looked into without trust."""

from collections.abc import Mapping, Sequence

from rules.values import JsonValue

Entry = Mapping[str, JsonValue]


def entries_of(entry: Entry, key: str) -> Sequence[Entry]:
    """The objects of a list; none if it is no list."""
    found = entry.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_of(entry: Entry, key: str) -> str:
    """A text; empty if it is none."""
    found = entry.get(key)
    return found if isinstance(found, str) else ""
