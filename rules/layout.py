"""The one layout of a table's file, so that a changed rule is a changed line and nothing else.

Every input, output, rule and example takes one line, however long: what a reviewer compares are rules, and
`steward rules show` draws the columns. All values, comments and their order stay, blank lines shrink to one,
and a text of several lines keeps its own.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from rules.document import START, Findings, Place, decoded, plain, read_document

_WIDTH = 110
# What needs no quotes anywhere in a table; PyYAML would take more, and readers would have to know.
_UNQUOTED = re.compile(r"-?[\w(<=.+/][^\s,?\[\]{}:#]*(?: [^\s,?\[\]{}:#]+)*")
_COMMENT = re.compile(r"#[^\n\x85\u2028\u2029]*")


@dataclass(frozen=True)
class _Piece:
    """What takes a line of its own, and where it stood: characters and lines of the text, counted from 0."""

    text: str
    indent: str
    start: int
    end: int
    first_line: int
    last_line: int


@dataclass(frozen=True)
class _Comment:
    """A comment; one that stands `beside` has something before it on its line."""

    text: str
    start: int
    line: int
    beside: bool


def lay_out(content: str | bytes, source: str = "table") -> str:
    """Write the same document in the one layout; `source` names the file in findings.

    Raises:
        TableError: it cannot be read, or has a comment where the layout has no place for one.
    """
    findings = Findings(source)
    before = plain(read_document(decoded(content), findings))
    text = (content if isinstance(content, str) else content.decode()).replace("\r\n", "\n")
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    if not isinstance(root, yaml.MappingNode):
        findings.add(START, "a table must be a mapping of keys to values")
    if findings.found or not isinstance(root, yaml.MappingNode):
        raise findings.as_error()
    pieces, comments = list(_pieces(root, text)), list(_comments(text))
    _refuse_inner(comments, pieces, findings)
    laid_out = _put_together(pieces, comments)
    if plain(read_document(laid_out, findings)) != before or _words(_comments(laid_out)) != _words(comments):
        findings.add(START, "this document cannot be laid out without a change of what it says")
        raise findings.as_error()
    return laid_out


def _pieces(root: yaml.MappingNode, text: str) -> Iterator[_Piece]:
    for key, value in root.value:
        items = _items(value)
        if items:
            yield _piece(f"{_scalar(key)}:", key, key, text)
            for first, last, line, indent in items:
                yield _piece(line, first, last, text, indent=indent)
        else:
            yield _piece(f"{_scalar(key)}: {_entry(value, text)}", key, value, text)


def _items(value: yaml.Node) -> list[tuple[yaml.Node, yaml.Node, str, str]]:
    """The mappings inside that each take a line: their first and last node, the line and its indent."""
    if isinstance(value, yaml.SequenceNode) and any(isinstance(one, yaml.MappingNode) for one in value.value):
        return [(one, one, f"- {_flow(one)}", "") for one in value.value]
    if isinstance(value, yaml.MappingNode) and any(
        isinstance(one, yaml.MappingNode) for _, one in value.value
    ):
        return [(key, one, f"{_scalar(key)}: {_flow(one)}", "  ") for key, one in value.value]
    return []


def _piece(line: str, first: yaml.Node, last: yaml.Node, text: str, *, indent: str = "") -> _Piece:
    start, end = first.start_mark, _end(last)
    written = len(text[start.index : end.index].rstrip())  # a block of text ends where the next line begins
    last_line = end.line - text.count("\n", start.index + written, end.index)
    return _Piece(line, indent, start.index, end.index, start.line, last_line)


def _end(node: yaml.Node) -> yaml.Mark:
    """Where a node ends; to PyYAML a block ends only where the next thing begins, comments or not."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style:
        return node.end_mark
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _entry(node: yaml.Node, text: str) -> str:
    """A value beside its key: a text of several lines as it was, everything else on one line if it fits."""
    if not isinstance(node, yaml.ScalarNode):
        return _flow(node)
    written = text[node.start_mark.index : node.end_mark.index]
    if node.style in ("|", ">") and "+" not in written.partition("\n")[0] and written.endswith("\n"):
        return written.rstrip("\n")
    return folded(node.value) or _scalar(node)


def folded(value: str) -> str | None:
    """A long text of one paragraph, folded; None if it is none."""
    line = value.removesuffix("\n")
    if len(line) <= _WIDTH or " ".join(line.split()) != line:
        return None
    sign = ">-" if line == value else ">"
    return f"{sign}\n" + textwrap.fill(
        line,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _flow(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return f"{{{', '.join(f'{_scalar(key)}: {_flow(value)}' for key, value in node.value)}}}"
    if isinstance(node, yaml.SequenceNode):
        return f"[{', '.join(map(_flow, node.value))}]"
    return _scalar(node)


def _scalar(node: yaml.Node) -> str:
    plain_style = isinstance(node, yaml.ScalarNode) and node.style is None
    return scalar_text(node.value) if plain_style else _quoted(node.value)


def scalar_text(value: str) -> str:
    """A scalar as the layout writes one that nobody has put in quotes."""
    return value if _UNQUOTED.fullmatch(value) and value.isprintable() else _quoted(value)


def _quoted(value: str) -> str:
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(char: str) -> str:
    if char.isprintable() or char == "\n":
        return json.dumps(char, ensure_ascii=False)[1:-1]
    return f"\\U{ord(char):08x}"


def _comments(text: str) -> Iterator[_Comment]:
    """Find the comments: what PyYAML leaves out between two tokens is blank or a comment."""
    end, line = 0, 0
    for token in yaml.scan(text, Loader=yaml.BaseLoader):
        for found in _COMMENT.finditer(text, end, max(end, token.start_mark.index)):
            begin = text.rfind("\n", 0, found.start()) + 1
            at = line + text.count("\n", end, found.start())
            beside = bool(text[begin : found.start()].strip())
            yield _Comment(found[0].rstrip(), found.start(), at, beside)
        if token.end_mark.index > end:
            end, line = token.end_mark.index, token.end_mark.line


def _refuse_inner(comments: Sequence[_Comment], pieces: Sequence[_Piece], findings: Findings) -> None:
    for comment in comments:
        if any(piece.start < comment.start < piece.end for piece in pieces):
            at = Place(comment.line + 1, 1)
            findings.add(at, "a comment inside what takes one line has no place: put it above")
    if findings.found:
        raise findings.as_error()


def _put_together(pieces: Sequence[_Piece], comments: Sequence[_Comment]) -> str:
    lines: list[str] = []
    last_line, left = -1, list(comments)
    for piece in pieces:
        while left and left[0].start < piece.start:
            last_line = _add_comment(lines, left.pop(0), last_line, indent=piece.indent)
        _add(lines, piece.indent + piece.text, gap=piece.first_line - last_line)
        last_line = piece.last_line
    for comment in left:
        last_line = _add_comment(lines, comment, last_line, indent="")
    return "\n".join(lines) + "\n"


def _add_comment(lines: list[str], comment: _Comment, last_line: int, *, indent: str) -> int:
    if comment.beside and comment.line == last_line:
        lines[-1] += f"  {comment.text}"
    else:
        _add(lines, indent + comment.text, gap=comment.line - last_line)
    return comment.line


def _add(lines: list[str], line: str, *, gap: int) -> None:
    if lines and gap > 1:
        lines.append("")
    lines.append(line)


def _words(comments: Iterator[_Comment] | Sequence[_Comment]) -> list[str]:
    return [comment.text for comment in comments]
