"""From a JDM file to tables of ours, or to everything that has no counterpart here."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from rules.document import START, Findings
from rules.errors import NotAValue, TableError
from rules.interchange.columns import Columns, Spot
from rules.interchange.drafts import Heading, Imported, TableText, name_from, table_text
from rules.interchange.jdm.entries import Entry, entries_of, is_listing, text_of
from rules.interchange.jdm.tables import Surroundings, TableReader, fields_of, name_of, passes_on
from rules.interchange.order import in_order
from rules.interchange.unary import ZEN
from rules.table import Question, Table
from rules.values import shown

_MAX_BYTES = 5_000_000
_TABLE = "decisionTableNode"
_PASSING_ON = ("inputNode", "outputNode", _TABLE)


def import_jdm(content: bytes, source: str, *, heading: Heading, only: str | None = None) -> Imported:
    """Read the decision tables of a JDM file, or the one of a node, by id or name, with those that it asks.

    `heading` stands in for what the file does not say of its tables. A column of JDM states no type: its
    literals show it.

    Raises:
        TableError: it is no JDM, or something of the tables has no counterpart; `findings` says all.
    """
    findings = Findings(source)
    graph = _Graph(_parsed(content, findings), findings)
    imported = graph.imported(heading, only)
    if findings.found:
        raise TableError(sorted(set(findings.found)))
    return imported


def _parsed(content: bytes, findings: Findings) -> Entry:
    if len(content) > _MAX_BYTES:
        findings.add(START, f"the file has {len(content)} bytes; at most {_MAX_BYTES} are read")
        raise findings.as_error()
    try:
        graph = json.loads(content)
    except (ValueError, RecursionError) as error:
        findings.add(START, f"not JSON: {error}")
        raise findings.as_error() from error
    if not isinstance(graph, dict) or not (is_listing(graph, "nodes") and is_listing(graph, "edges")):
        findings.add(START, "no JDM: it has no lists of nodes and edges")
        raise findings.as_error()
    return graph


class _Graph:
    """The nodes of one file. A table asks those before it whose outputs have the fields of its inputs."""

    def __init__(self, graph: Entry, findings: Findings) -> None:
        self._findings = findings
        self._columns = Columns(ZEN, findings)
        nodes = entries_of(graph, "nodes")
        self._others = [one for one in nodes if one.get("type") not in _PASSING_ON]
        self._nodes = {text_of(one, "id"): one for one in nodes if one.get("type") == _TABLE}
        self._sources: dict[str, list[str]] = {key: [] for key in self._nodes}
        for edge in entries_of(graph, "edges"):
            source, target = text_of(edge, "sourceId"), text_of(edge, "targetId")
            if source in self._nodes and target in self._nodes:
                self._sources[target].append(source)
        self._ids = {key: self._id_of(node) for key, node in self._nodes.items()}
        for name, count in Counter(self._ids.values()).items():
            if count > 1:
                findings.add(START, f"{count} nodes become the table {name!r}")
        self._questions = {key: dict(self._questions_of(key)) for key in self._nodes}
        self._tables: dict[str, Table] = {}

    def imported(self, heading: Heading, only: str | None) -> Imported:
        wanted = [key for key, one in self._nodes.items() if only in (None, key, one.get("name"))]
        if not wanted:
            self._findings.add(START, f"there is no decision table {shown(only) if only else 'in it'}")
        notes = [
            f"{name_of(one)}: {text_of(one, 'type')} is left out, only tables are carried over"
            for one in self._others
        ]
        asks = {key: [source for source, _ in found.values()] for key, found in self._questions.items()}
        try:
            tables = [self._table(key, heading) for key in in_order(wanted, asks)]
            return Imported(tables=tables, notes=notes)
        except NotAValue as refusal:
            self._findings.add(START, str(refusal))
            return Imported(tables=(), notes=notes)

    def _table(self, key: str, heading: Heading) -> TableText:
        noted = len(self._findings.found)
        questions = {
            field: Question(self._ids[source], output)
            for field, (source, output) in self._questions[key].items()
        }
        asked = [found for one in self._questions.values() for found in one.items()]
        asked_for = {field for field, (source, _) in asked if source == key}
        around = Surroundings(questions, self._tables, asked_for)
        draft = TableReader(self._nodes[key], self._ids[key], around, self._columns).draft(heading)
        spot = Spot(START, f"node {name_of(self._nodes[key])}", "")
        read = table_text(draft, self._columns, self._findings, spot=spot, noted=noted, asked=self._tables)
        if read.table:
            self._tables[read.id] = read.table
        return read

    def _id_of(self, node: Entry) -> str:
        try:
            return name_from(name_of(node))
        except NotAValue as refusal:
            self._columns.note(Spot(START, "node", name_of(node)), refusal)
            return ""

    def _questions_of(self, key: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """The fields of its inputs that a table before it says, with that table and our name of the field."""
        before = list(self._before(key))
        for one in fields_of(self._nodes[key], "inputs"):
            said = [source for source in before if one in fields_of(self._nodes[source], "outputs")]
            if len(said) > 1:
                spot = Spot(START, f"node {name_of(self._nodes[key])}", one)
                self._columns.note(spot, "is said by several tables before it")
            with suppress(NotAValue):  # a field without a name in ours is refused where its column is read
                yield from [(one, (said[0], name_from(one)))] if said else []

    def _before(self, key: str) -> Iterator[str]:
        """The tables whose outcome reaches a node: those just before, and those that these pass on."""
        seen, left = {key}, [key]
        while left:
            for source in self._sources[left.pop()]:
                if source not in seen:
                    seen.add(source)
                    yield source
                    left += [source] if passes_on(self._nodes[source]) else []
