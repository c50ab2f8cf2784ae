"""The rows of a large table in a CSV file beside it, with the cells that they would have in YAML.

The first line names the columns: `id`, `priority` if the table decides by it, inputs, outputs, `because`. An
input that has no column is not tested. Fields are parted by commas, and the text is UTF-8.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

from rules.document import NO_TEXT, Fields, Findings, Node, Place, Text

_BYTE_ORDER_MARK = "\ufeff"  # which spreadsheets write


class _Row(NamedTuple):
    line: int
    fields: list[str]


class _Column(NamedTuple):
    """Where a field of a row belongs: beside `id` and `because`, or in `when` or `then`."""

    part: str
    name: str


@dataclass(frozen=True)
class Columns:
    """The columns that a sheet of a table may have."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    by_priority: bool

    def read(self, text: str, findings: Findings) -> tuple[Node, ...]:
        """Read the rows as the nodes that they would be in YAML; a place is a line and a field's number."""
        rows = _rows(text, findings)
        columns = self._columns(rows[0], findings) if rows else []
        if not findings.found and len(rows) < 2:
            findings.add(Place(1, 1), "there is no row below the names of the columns")
        nodes = []
        for row in rows[1:] if columns else ():
            if len(row.fields) == len(columns):
                nodes.append(_node(row, columns))
            else:
                findings.add(Place(row.line, 1), f"has {len(row.fields)} fields for {len(columns)} columns")
        return tuple(nodes)

    def _columns(self, row: _Row, findings: Findings) -> list[_Column]:
        """What the fields are, none if there is one that may not stand where it does."""
        fixed = {0: "id", len(row.fields) - 1: "because", **({1: "priority"} if self.by_priority else {})}
        columns: list[_Column] = []
        refused = False
        for number, name in enumerate(row.fields):
            column = _Column("", name) if number in fixed else self._free(name, columns)
            if column is None or fixed.get(number, name) != name:
                wanted = f"{fixed[number]!r}" if number in fixed else "an input or an output"
                findings.add(Place(row.line, number + 1), f"column {name!r} stands where {wanted} should")
                refused = True
            columns += [column] if column else []
        return [] if refused else columns

    def _free(self, name: str, before: Sequence[_Column]) -> _Column | None:
        told = any(column.part == "then" for column in before)
        for part, names in (("when", () if told else self.inputs), ("then", self.outputs)):
            column = _Column(part, name)
            if name in names and column not in before:
                return column
        return None


def _rows(text: str, findings: Findings) -> list[_Row]:
    reader = csv.reader(StringIO(text.removeprefix(_BYTE_ORDER_MARK), newline=""), strict=True)
    rows, line = [], 1
    try:
        for fields in reader:
            rows += [_Row(line, fields)] if fields else []
            line = reader.line_num + 1
    except csv.Error as error:
        findings.add(Place(line, 1), f"not CSV: {error}")
    sound = []
    for row in rows:
        bad = [number for number, field in enumerate(row.fields, start=1) if NO_TEXT.search(field)]
        for number in bad:
            findings.add(Place(row.line, number), "not CSV: a character that text may not have")
        sound += [] if bad else [row]
    return sound


def _node(row: _Row, columns: Sequence[_Column]) -> Fields:
    at = Place(row.line, 1)
    parts: dict[str, dict[str, Node]] = {"": {}, "when": {}, "then": {}}
    places: dict[str, dict[str, Place]] = {"": {}, "when": {}, "then": {}}
    for number, (column, field) in enumerate(zip(columns, row.fields, strict=True), start=1):
        place = Place(row.line, number)
        parts[column.part][column.name] = Text(place, field)
        places[column.part][column.name] = place
    told = {part: Fields(at, parts[part], places[part]) for part in ("when", "then")}
    return Fields(at, parts[""] | told, places[""] | dict.fromkeys(told, at))
