"""A table of another engine, put together as the content of a file of ours."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple

from rules.declarations import name_of
from rules.document import Findings, Plain
from rules.errors import NotAValue, TableError, TableNotFound
from rules.interchange.columns import Column, Columns, Spot
from rules.parsing import parse_table
from rules.table import Table
from rules.values import shown
from rules.writing import write_table


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What a table of ours says of itself where a file of another engine does not; no owner is none."""

    owner: str
    version: str
    effective_from: date


class TableText(NamedTuple):
    """A table as a file of ours, and as it is read from it; neither if it has no counterpart."""

    id: str
    text: str
    table: Table | None


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The tables of a file; `notes` say what of it is not carried over."""

    tables: Sequence[TableText]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a rule has besides its cells: its number in the file, what the file says in our words, and why.

    `because` is empty if the file gives no reason.
    """

    number: int
    id: str
    because: str
    said: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A whole table; `head` is what it says of itself in our words."""

    head: Mapping[str, Plain]
    inputs: Sequence[Column]
    outputs: Sequence[Column]
    rows: Sequence[Row]


def table_text(
    draft: Draft, columns: Columns, findings: Findings, *, spot: Spot, noted: int, asked: Mapping[str, Table]
) -> TableText:
    """The file of ours that a draft becomes; what has no counterpart is noted, where it stands or here.

    `noted` is how many findings there were before the draft was read: with more, it is no whole table.
    `asked` are the tables that this one may ask, by id.
    """
    content = _content(draft, columns, source=findings.file.rpartition("/")[2])
    refused = any(one.type is None for one in (*draft.inputs, *draft.outputs))
    name = str(draft.head["id"])
    if refused or len(findings.found) > noted:
        return TableText(name, "", None)
    text = write_table(content)
    try:
        return TableText(name, text, parse_table(text, tables=partial(_found, asked)))
    except TableError as error:
        for finding in error.findings:
            columns.note(spot, finding.message)
    return TableText(name, "", None)


def _found(asked: Mapping[str, Table], name: str) -> Table:
    if name not in asked:
        raise TableNotFound(f"table {name!r}, which it asks, has no counterpart")
    return asked[name]


def _content(draft: Draft, columns: Columns, *, source: str) -> dict[str, Plain]:
    _refuse_equal_names(draft.inputs, columns)
    _refuse_equal_names(draft.outputs, columns)
    silent = draft.head["hit"] == "collect"
    inputs = {one.name: columns.input(one) for one in draft.inputs}
    outputs = {one.name: columns.output(one, may_be_silent=silent) for one in draft.outputs}
    rules: list[Plain] = []
    for n, row in enumerate(draft.rows):
        rule: dict[str, Plain] = {"id": row.id, **row.said}
        rule["when"] = {name: cells[n] for name, (_, cells) in inputs.items() if cells[n] != "-"}
        rule["then"] = {name: cells[n] for name, (_, cells) in outputs.items()}
        rule["because"] = row.because or f"Row {row.number} of {source}, which gives no reason"
        rules.append(rule)
    return {
        **draft.head,
        "inputs": {name: declaration for name, (declaration, _) in inputs.items()},
        "outputs": {name: declaration for name, (declaration, _) in outputs.items()},
        "rules": rules,
    }


def name_from(text: str) -> str:
    """A name of ours that is as near as can be to a name of another engine. Raises `NotAValue`."""
    decomposed = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", decomposed).strip("_-.")
    if not name:
        raise NotAValue(f"{shown(text)} has no letter or digit that a name of ours could begin with")
    return name_of(name)


def _refuse_equal_names(found: Sequence[Column], columns: Columns) -> None:
    taken: dict[str, str] = {}
    for one in found:
        if one.name in taken:
            columns.note(
                one.spot, f"{shown(one.spot.text)} and {shown(taken[one.name])} both become {one.name!r}"
            )
        taken.setdefault(one.name, one.spot.text)
