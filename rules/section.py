"""Reading the fields of one mapping of a table, one by one, gathering what is wrong."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rules.document import Fields, Findings, Listing, Node, Place, Text
from rules.errors import NotAValue
from rules.values import shown

ValueT = TypeVar("ValueT")


class Section:
    """The fields of one mapping, taken one after the other until `close` refuses the rest.

    A field that is missing or wrong is noted and answered with a stand-in, so that reading goes on and all
    findings are said at once. No stand-in gets out: with a finding there is no table.
    """

    def __init__(self, node: Node, findings: Findings, *, what: str) -> None:
        self.at = node.at
        self.what = what
        self._findings = findings
        self._places = node.places if isinstance(node, Fields) else {}
        self._left = dict(node.entries) if isinstance(node, Fields) else {}
        self.known = isinstance(node, Fields)
        self.empty = not self._left
        if not self.known:
            findings.add(node.at, f"{what} must be a mapping of keys to values")

    def note(self, message: str, *, at: Place | None = None) -> None:
        """Note what is wrong with this section, or with the part of it that stands there."""
        self._findings.add(at or self.at, f"{self.what}: {message}")

    def place(self, key: str) -> Place:
        """Where a key stands, or the section if it is absent."""
        return self._places.get(key, self.at)

    def take(self, key: str, *, optional: bool = False) -> Node | None:
        """Take a field as it is."""
        node = self._left.pop(key, None)
        if node is None and self.known and not optional:
            self.note(f"{key!r} is missing")
        return node

    def read(
        self, key: str, reader: Callable[[str], ValueT], *, stand_in: ValueT, optional: bool = False
    ) -> ValueT:
        """Take a text and read it by a function that raises `NotAValue`; an absent one is the stand-in."""
        node = self.take(key, optional=optional)
        if node is None:
            return stand_in
        try:
            return reader(text_of(node))
        except NotAValue as refusal:
            self.note(f"{key!r}: {refusal}", at=node.at)
            return stand_in

    def text(self, key: str, *, optional: bool = False) -> str:
        """Take a text that is not empty."""
        return self.read(key, filled, stand_in="", optional=optional)

    def word(self, key: str, choices: Sequence[str], *, optional: bool = False) -> str:
        """Take one of these words; none stands in."""

        def chosen(text: str) -> str:
            if text not in choices:
                raise NotAValue(f"{shown(text)} is none of {', '.join(choices)}")
            return text

        return self.read(key, chosen, stand_in="", optional=optional)

    def listing(self, key: str, *, optional: bool = False) -> tuple[Node, ...]:
        """Take a list that is not empty."""
        node = self.take(key, optional=optional)
        if node is None:
            return ()
        if not isinstance(node, Listing) or not node.items:
            self.note(f"{key!r} must be a list of at least one", at=node.at)
            return ()
        return node.items

    def names(self, key: str) -> tuple[str, ...]:
        """Take a list of texts, which may be absent."""
        names = []
        for node in self.listing(key, optional=True):
            try:
                names.append(filled(text_of(node)))
            except NotAValue as refusal:
                self.note(f"{key!r}: {refusal}", at=node.at)
        return tuple(names)

    def section(self, key: str, *, optional: bool = False) -> "Section":
        """Take a mapping; an absent one stands in as an empty one that misses nothing."""
        node = self.take(key, optional=optional)
        section = Section(node or Fields(self.at, {}, {}), self._findings, what=f"{self.what}, {key!r}")
        section.known &= node is not None
        return section

    def entries(self) -> dict[str, Node]:
        """Take all that is left, by key."""
        left, self._left = self._left, {}
        return left

    def close(self) -> None:
        """Refuse the keys that nobody took."""
        for key in self.entries():
            self.note(f"unknown key {shown(key)}", at=self.place(key))


def text_of(node: Node) -> str:
    """The text of a scalar. Raises `NotAValue`."""
    if not isinstance(node, Text):
        raise NotAValue("must be a text; one that holds brackets or braces is written in quotes")
    return node.value


def filled(text: str) -> str:
    if not text.strip():
        raise NotAValue("is empty")
    return text.strip()
