"""Plain JSON, looked into without trust."""

from collections.abc import Mapping, Sequence

from rules.values import JsonValue

Entry = Mapping[str, JsonValue]


def entries_of(entry: Entry, key: str) -> Sequence[Entry]:
    """The objects of a list; what is none was refused by whoever asked `is_listing` before."""
    found = entry.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def is_listing(entry: Entry, key: str) -> bool:
    """Whether there is a list of objects and of nothing else."""
    found = entry.get(key)
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)


def text_of(entry: Entry, key: str) -> str:
    """A text; empty if it is none."""
    found = entry.get(key)
    return found if isinstance(found, str) else ""
