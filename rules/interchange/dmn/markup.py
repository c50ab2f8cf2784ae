"""XML as text, written from names, attributes and content."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr


class Tag(NamedTuple):
    """An element; attributes that are empty are not written, nor is content that is None."""

    name: str
    attributes: Mapping[str, str]
    content: "str | Sequence[Tag | None]" = ()


def document(root: Tag) -> str:
    """The text of a document; no table holds a character that XML cannot."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(f"{line}\n" for line in _lines(root, ""))


def _lines(tag: Tag, indent: str) -> Iterator[str]:
    attributes = "".join(f" {name}={quoteattr(text)}" for name, text in tag.attributes.items() if text)
    opening = f"{indent}<{tag.name}{attributes}"
    if isinstance(tag.content, str):
        yield f"{opening}>{escape(tag.content)}</{tag.name}>"
    elif tag.content:
        yield f"{opening}>"
        for one in tag.content:
            if one is not None:
                yield from _lines(one, f"{indent}  ")
        yield f"{indent}</{tag.name}>"
    else:
        yield f"{opening} />"
