"""XML as elements with their places, from bytes that nobody vouches for.

Whatever could expand or reach out is declared in a document type, so one is refused where it begins; size,
depth and number of elements are bounded while they are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from rules.document import START, Findings, Place

_MAX_BYTES = 5_000_000
_MAX_ELEMENTS = 200_000  # 1,000 rules of 30 cells have some 65,000
_MAX_DEPTH = 40  # a cell's text lies seven deep
_BETWEEN = " "  # stands in no namespace and in no name


@dataclass
class Element:
    """An element by its namespace and local name; an attribute of a namespace is named `namespace name`."""

    at: Place
    space: str
    name: str
    attributes: Mapping[str, str]
    children: list["Element"] = field(default_factory=list)
    characters: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.characters).strip()

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    def all(self, *path: str) -> Iterator["Element"]:
        """The descendants along a path of names in this element's own namespace."""
        for child in self.children:
            if child.space == self.space and child.name == path[0]:
                yield from child.all(*path[1:]) if path[1:] else (child,)

    def first(self, *path: str) -> "Element | None":
        return next(self.all(*path), None)

    def text_at(self, *path: str) -> str:
        """The text of the first descendant along a path, empty if there is none."""
        found = self.first(*path)
        return found.text if found else ""


def read_elements(content: bytes, findings: Findings) -> Element:
    """The root of a document.

    Raises:
        TableError: it is not well-formed, too large or too deep, or it declares a document type.
    """
    if len(content) > _MAX_BYTES:
        findings.add(START, f"the file has {len(content)} bytes; at most {_MAX_BYTES} are read")
        raise findings.as_error()
    tree = _Tree(findings)
    try:
        return tree.read(content)
    except expat.ExpatError as error:
        message = expat.ErrorString(error.code) or "malformed"
        findings.add(Place(error.lineno, error.offset + 1), f"not XML: {message}")
        raise findings.as_error() from error
    except (LookupError, ValueError) as error:  # an encoding that Python lacks, or that takes several bytes
        findings.add(START, f"not XML that can be read: {error}")
        raise findings.as_error() from error


class _Tree:
    """Builds the elements as the parser meets them, and stops it at what is not to be read."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._open: list[Element] = []
        self._count = 0
        self._root: Element | None = None
        self._parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> Element:
        self._parser.Parse(content, True)
        if self._root is None:
            raise AssertionError("expat accepts no document without an element")
        return self._root

    def _here(self) -> Place:
        return Place(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def _refuse(self, message: str) -> None:
        self._findings.add(self._here(), message)
        raise self._findings.as_error()

    def _doctype(self, name: str, *_: object) -> None:
        self._refuse(f"the file declares a document type ({name}); DMN has none, and none is read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _MAX_DEPTH:
            self._refuse(f"elements are nested more than {_MAX_DEPTH} deep")
        if self._count > _MAX_ELEMENTS:
            self._refuse(f"the file has more than {_MAX_ELEMENTS} elements")
        space, _, name = tag.rpartition(_BETWEEN)
        element = Element(self._here(), space, name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, tag: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].characters.append(text)
