"""A table's document as sheets of text cells, and the document that sheets say.

The first sheet, `table`, holds keys and values; inputs, outputs, rules and examples have a sheet each, and a
row each in it. A key inside a key stands behind it: `when amount`. An empty cell is a key that is not there.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from rules.document import START, Findings, Place, Plain, decoded, plain, read_document
from rules.errors import NotAValue
from rules.rendering import Sheet
from rules.values import WORD, shown

FIRST = "table"
PAIR = ("key", "value")
NAMES = "(name)"  # heads the column of the names that inputs and outputs go by
ALWAYS = {"rules": ("when", "then"), "examples": ("given", "expect")}  # what a row has, if with nothing in it

_WORDS = re.compile(rf"\[\s*{WORD.pattern}(?:\s*,\s*{WORD.pattern})*\s*\]")
_JSON = re.compile(r'".*"|\[[\["{].*\]|\[\]|\{\}', re.DOTALL)

Record = dict[str, Plain]


def sheets_of(text: str | bytes, source: str) -> list[Sheet]:
    """Write the document of a table's text as sheets.

    Raises:
        TableError: the text is no document, or one that sheets cannot hold.
    """
    findings = Findings(source)
    content = plain(read_document(decoded(text), findings))
    if isinstance(content, dict) and not findings.found:
        own = _cells({key: value for key, value in content.items() if not _records(value)})
        sheets = [Sheet(FIRST, PAIR, list(own.items())), *_parts(content)]
        if document_of(sheets, findings) == content:
            return sheets
    findings.add(START, "sheets cannot hold this document without a loss")
    raise findings.as_error()


def document_of(sheets: Sequence[Sheet], findings: Findings) -> Record:
    """Put the document together that sheets say, noting by row and column what they say wrongly."""
    document: Record = {}
    if FIRST not in {sheet.title for sheet in sheets}:
        findings.add(START, f"there is no sheet {FIRST!r}")
    for sheet in sheets:
        reader = _Reader(sheet, Findings(f"{findings.file}, sheet {sheet.title}", findings.found))
        if sheet.title == FIRST:
            document |= reader.pairs()
        elif NAMES in sheet.headings:
            document[sheet.title] = reader.named()
        else:
            document[sheet.title] = [record for _, record in reader.records(sheet.headings)]
    return document


def _records(value: Plain) -> list[tuple[str, Record]]:
    """The rows in a part of a document, with the names they go by, if any."""
    if isinstance(value, str):
        return []
    items = value.items() if isinstance(value, dict) else [("", one) for one in value]
    return [(name, one) for name, one in items if isinstance(one, dict)]


def _parts(content: Record) -> Iterator[Sheet]:
    declared = [name for part in ("inputs", "outputs") for name, _ in _records(content.get(part, ""))]
    for part, value in content.items():
        if records := _records(value):
            always = ALWAYS.get(part, ())
            rows = [_cells(record, always) | ({NAMES: name} if name else {}) for name, record in records]
            headings = _headings(rows, declared)
            yield Sheet(part, headings, [tuple(row.get(heading, "") for heading in headings) for row in rows])


def _cells(record: Record, always: Sequence[str] = ()) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict) and (value or key in always):
            cells |= {f"{key} {inner}": _cell(one) for inner, one in value.items()}
        else:
            cells[key] = _cell(value)
    return cells


def _headings(rows: Sequence[Mapping[str, str]], declared: Sequence[str]) -> tuple[str, ...]:
    """All headings, keys as they first appear, and inside a key as inputs and outputs are declared."""
    found = list(dict.fromkeys(heading for row in rows for heading in row))
    keys = [NAMES, *dict.fromkeys(heading.partition(" ")[0] for heading in found)]

    def rank(heading: str) -> tuple[int, int]:
        key, _, inner = heading.partition(" ")
        return keys.index(key), declared.index(inner) if inner in declared else -1

    return tuple(sorted(found, key=rank))


def _cell(value: Plain) -> str:
    """A value as a cell: a list as `[a, b]`, and in quotes a text that would be read as something else."""
    if isinstance(value, str) and value and not _WORDS.fullmatch(value) and not _JSON.fullmatch(value):
        return value
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, str) and WORD.fullmatch(one) for one in value)
    ):
        return f"[{', '.join(map(str, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _value(cell: str) -> Plain:
    if _WORDS.fullmatch(cell):
        return [word.strip() for word in cell[1:-1].split(",")]
    if not _JSON.fullmatch(cell):
        return cell
    try:
        return _texts(json.loads(cell))
    except ValueError as error:
        raise NotAValue(f"{shown(cell)} is read as JSON, and is none") from error


def _texts(value: object) -> Plain:
    match value:
        case str():
            return value
        case list():
            return [_texts(one) for one in value]
        case dict():
            return {key: _texts(one) for key, one in value.items()}
    raise NotAValue(f"{shown(value)} stands where text should")


class _Reader:
    """Reads one sheet, noting what is wrong with it."""

    def __init__(self, sheet: Sheet, findings: Findings) -> None:
        self._sheet = sheet
        self._findings = findings
        for column, heading in enumerate(sheet.headings):
            if heading in sheet.headings[:column]:
                self._note(sheet.line, column, f"heading {shown(heading)} is given twice")

    def pairs(self) -> Record:
        """The sheet of keys and values."""
        if self._sheet.headings != PAIR:
            self._note(self._sheet.line, 0, f"the headings must be {' and '.join(PAIR)}")
            return {}
        record: Record = {}
        for line, (key, cell) in self._rows():
            self._put(record, key, cell, Place(line, 2))
        return record

    def named(self) -> Record:
        """A sheet whose rows go by names."""
        named: Record = {}
        at = self._sheet.headings.index(NAMES)
        headings = (*self._sheet.headings[:at], "", *self._sheet.headings[at + 1 :])
        names = dict(self._rows())
        for line, record in self.records(headings):
            name = names[line][at]
            if not name or name in named:
                self._note(line, at, f"name {shown(name)} is {'given twice' if name else 'none'}")
            named[name] = record
        return named

    def records(self, headings: Sequence[str]) -> Iterator[tuple[int, Record]]:
        """A record a row, with its line; a column under no heading is not read."""
        for line, row in self._rows():
            record: Record = {key: {} for key in ALWAYS.get(self._sheet.title, ())}
            for column, (heading, cell) in enumerate(zip(headings, row, strict=True), start=1):
                if heading and cell:
                    self._put(record, heading, cell, Place(line, column))
            yield line, record

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The rows that say something, as wide as the headings."""
        width = len(self._sheet.headings)
        for line, row in enumerate(self._sheet.rows, start=self._sheet.line + 1):
            for column in range(width, len(row)):
                if row[column]:
                    self._note(line, column, "a cell under no heading")
            if any(row):
                yield line, (*row, *[""] * width)[:width]

    def _put(self, record: Record, heading: str, cell: str, at: Place) -> None:
        key, _, inner = heading.partition(" ")
        target, name = (record.setdefault(key, {}), inner) if inner else (record, key)
        try:
            if not isinstance(target, dict) or name in target:
                raise NotAValue(f"{shown(heading)} is given twice")
            target[name] = _value(cell)
        except NotAValue as refusal:
            self._findings.add(at, str(refusal))

    def _note(self, line: int, column: int, message: str) -> None:
        self._findings.add(Place(line, column + 1), message)
