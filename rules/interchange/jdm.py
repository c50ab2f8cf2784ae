"""JDM: the decision tables in a JSON graph of GoRules."""

import json
from collections.abc import Iterator, Mapping, Sequence

from rules.document import START, Findings, Plain
from rules.errors import NotAValue, TableError
from rules.interchange.columns import Column, Columns, Spot
from rules.interchange.drafts import Draft, Heading, Imported, Row, TableText, name_from, table_text
from rules.interchange.unary import ZEN
from rules.values import NAME, JsonValue, shown

_MAX_BYTES = 5_000_000
_HITS: Mapping[str, str] = {"first": "first", "collect": "collect"}
_TABLE = "decisionTableNode"
_PASSING_ON = ("inputNode", "outputNode", _TABLE)

Entry = Mapping[str, JsonValue]


def import_jdm(content: bytes, source: str, *, heading: Heading, only: str | None = None) -> Imported:
    """Read the decision tables of a JDM file, or the one whose node has this id or name.

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
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        findings.add(START, "no JDM: it has no list of nodes")
        raise findings.as_error()
    return graph


class _Graph:
    """The nodes of one file."""

    def __init__(self, graph: Entry, findings: Findings) -> None:
        self._nodes = _entries(graph, "nodes")
        self._edges = [(one.get("sourceId"), one.get("targetId")) for one in _entries(graph, "edges")]
        self._findings = findings
        self._columns = Columns(ZEN, findings)

    def imported(self, heading: Heading, only: str | None) -> Imported:
        found = [one for one in self._nodes if one.get("type") == _TABLE]
        wanted = [one for one in found if only in (None, one.get("id"), one.get("name"))]
        if not wanted:
            self._findings.add(START, f"there is no decision table {shown(only) if only else 'in it'}")
        tables = [self._table(one, heading) for one in wanted]
        others = [one for one in self._nodes if one.get("type") not in _PASSING_ON]
        notes = [
            f"{_text(one, 'name')}: {_text(one, 'type')} is left out, only tables are carried over"
            for one in others
        ]
        return Imported(tables=tables, notes=notes)

    def _table(self, node: Entry, heading: Heading) -> TableText:
        reader = _NodeReader(node, self._columns)
        return table_text(reader.draft(heading), self._columns, self._findings, spot=reader.spot)


class _NodeReader:
    """Reads one table."""

    def __init__(self, node: Entry, columns: Columns) -> None:
        self._name = _text(node, "name") or _text(node, "id")
        self.spot = Spot(START, f"node {self._name}", "")
        content = node.get("content")
        self._content: Entry = content if isinstance(content, dict) else {}
        self._rules = _entries(self._content, "rules")
        self._columns = columns

    def draft(self, heading: Heading) -> Draft:
        hit = _text(self._content, "hitPolicy") or "first"
        if hit not in _HITS:
            self._columns.note(self.spot, f"{shown(hit)} is no hit policy of JDM")
        for key in ("inputField", "outputPath"):
            if self._content.get(key):
                self._columns.note(
                    self.spot, f"{key!r} moves facts or outcomes, which a table of ours does not"
                )
        if self._content.get("executionMode", "single") != "single":
            self._columns.note(
                self.spot, "decides once for each of several, and a table of ours decides once"
            )
        head: dict[str, Plain] = {
            "id": self._named(self._name, self.spot),
            "version": heading.version,
            "owner": heading.owner,
            "title": self._name,
            "effective": {"from": heading.effective_from.isoformat()},
            "hit": _HITS.get(hit, "first"),
        }
        return Draft(
            head=head,
            inputs=[self._column(one) for one in _entries(self._content, "inputs")],
            outputs=[self._column(one) for one in _entries(self._content, "outputs")],
            rows=list(self._rows()),
        )

    def _rows(self) -> Iterator[Row]:
        for n, rule in enumerate(self._rules, start=1):
            name = _text(rule, "_id")
            because = " ".join(_text(rule, "_description").split())
            yield Row(number=n, id=name if NAME.fullmatch(name) else f"row-{n}", because=because)

    def _column(self, entry: Entry) -> Column:
        key, field, label = _text(entry, "id"), _text(entry, "field"), _text(entry, "name")
        spot = Spot(START, f"node {self._name}, column {label or key}", field)
        if not field:
            self._columns.note(spot, "has no field, and its cells are expressions")
        name = self._named(field, spot) if field else key
        return Column(
            name=name,
            spot=spot,
            type="",
            allowed=None,
            cells=[self._cell(n, rule, key, label) for n, rule in enumerate(self._rules, start=1)],
            said={"label": label} if label and label != name else {},
        )

    def _cell(self, n: int, rule: Entry, key: str, label: str) -> Spot:
        spot = Spot(START, f"node {self._name}, rule {n}, column {label or key}", _text(rule, key))
        if not isinstance(rule.get(key, ""), str):
            self._columns.note(spot, "holds no text")
        return spot

    def _named(self, text: str, spot: Spot) -> str:
        try:
            return name_from(text)
        except NotAValue as refusal:
            self._columns.note(spot, refusal)
            return ""


def _entries(entry: Entry, key: str) -> Sequence[Entry]:
    found = entry.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(entry: Entry, key: str) -> str:
    found = entry.get(key)
    return found if isinstance(found, str) else ""
