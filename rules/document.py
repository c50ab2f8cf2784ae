"""A YAML file as text with places: every scalar stays what was written, and everything knows its line.

`1.10` stays `1.10` and `NO` stays `NO`, because nothing is resolved to a type here. What makes YAML hard to
review is refused: keys given twice, anchors, aliases and tags.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from rules.errors import Finding, TableError

# What no text holds, however it is written: controls, halves of characters, and what is no character.
NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DEEPEST = 8  # nesting of a table is 4; PyYAML composes recursively, so depth is bounded before


@dataclass(frozen=True)
class Place:
    """A line and a column, counted from 1."""

    line: int
    column: int


START = Place(1, 1)


@dataclass(frozen=True)
class Text:
    """A scalar, as written."""

    at: Place
    value: str


@dataclass(frozen=True)
class Listing:
    """A sequence."""

    at: Place
    items: tuple["Node", ...]


@dataclass(frozen=True)
class Fields:
    """A mapping; `places` says where each key stands."""

    at: Place
    entries: Mapping[str, "Node"]
    places: Mapping[str, Place]


Node = Text | Listing | Fields
Plain = str | list["Plain"] | dict[str, "Plain"]


@dataclass
class Findings:
    """What is wrong with one file, gathered so that all of it is said at once."""

    file: str
    found: list[Finding] = field(default_factory=list)

    def add(self, at: Place, message: str) -> None:
        self.found.append(Finding(self.file, at.line, at.column, message))

    def as_error(self) -> TableError:
        return TableError(self.found)


class _Mark(Protocol):
    """Where PyYAML's two implementations say something stands, counted from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


def decoded(content: str | bytes) -> str:
    """The text in UTF-8; a byte that is none becomes a character that YAML refuses, with its place."""
    return content if isinstance(content, str) else content.decode(errors="surrogateescape")


def read_document(text: str, findings: Findings) -> Node:
    """Read the one document of a YAML text.

    Raises:
        TableError: it is not YAML, or not such that it could be read further.
    """
    try:
        _refuse_indirections(text, findings)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        return _node(root, findings) if root else Text(START, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.add(_place(mark), f"not YAML: {error.problem or error.context}")
    except yaml.reader.ReaderError as error:
        findings.add(
            _place_of_character(text, error.position), "not YAML: a character that text may not have"
        )
    raise findings.as_error()


def plain(node: Node) -> Plain:
    """The document without its places, for a digest that layout and comments do not change."""
    match node:
        case Text():
            return node.value
        case Listing():
            return [plain(item) for item in node.items]
        case Fields():
            return {key: plain(entry) for key, entry in node.entries.items()}


def _refuse_indirections(text: str, findings: Findings) -> None:
    depth, aliased = 0, False
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            findings.add(_place(event.start_mark), f"nested deeper than {_DEEPEST} levels")
            raise findings.as_error()
        aliased |= isinstance(event, yaml.AliasEvent)
        if getattr(event, "anchor", None) is not None:
            findings.add(_place(event.start_mark), "anchors and aliases are not allowed: write the value out")
        if getattr(event, "tag", None) is not None:
            findings.add(_place(event.start_mark), "tags are not allowed: the table's inputs state the types")
    if aliased:  # a few lines of aliases can stand for a gigabyte
        raise findings.as_error()


def _node(node: yaml.Node, findings: Findings) -> Node:
    at = _place(node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return Listing(at, tuple(_node(item, findings) for item in node.value))
    if isinstance(node, yaml.MappingNode):
        return _fields(node, at, findings)
    if NO_TEXT.search(node.value):  # YAML takes by its code what it does not take as it is
        findings.add(at, "a character that text may not have")
        return Text(at, NO_TEXT.sub("\ufffd", node.value))
    return Text(at, str(node.value))


def _fields(node: yaml.MappingNode, at: Place, findings: Findings) -> Fields:
    entries: dict[str, Node] = {}
    places: dict[str, Place] = {}
    for key, value in node.value:
        place = _place(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            findings.add(place, "a key is a word, not a list or a mapping")
        elif NO_TEXT.search(key.value):
            findings.add(place, "a character that text may not have")
        elif key.value in entries:
            findings.add(place, f"{key.value!r} is given twice, first in line {places[key.value].line}")
        else:
            entries[key.value] = _node(value, findings)
            places[key.value] = place
    return Fields(at, entries, places)


def _place(mark: _Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else START


def _place_of_character(text: str, position: int) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"))
