"""One decision table of a JDM file, as a draft of ours."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from rules.document import START, Plain
from rules.errors import NotAValue
from rules.interchange.answers import answer_of
from rules.interchange.columns import Column, Columns, Spot
from rules.interchange.drafts import Draft, Heading, Row, name_from
from rules.interchange.jdm.entries import Entry, entries_of, is_listing, text_of
from rules.table import Question, Table
from rules.values import NAME, shown

_HITS: Mapping[str, str] = {"first": "first", "collect": "collect"}


@dataclass(frozen=True)
class Surroundings:
    """What a table is read with.

    The questions that the fields of its inputs are, the tables that are asked, and the fields of its own
    outputs that others ask for.
    """

    questions: Mapping[str, Question]
    tables: Mapping[str, Table]
    asked_for: Set[str]


class TableReader:
    """Reads the table of one node."""

    def __init__(self, node: Entry, table_id: str, around: Surroundings, columns: Columns) -> None:
        self._name = name_of(node)
        self._id = table_id
        self._around = around
        self._columns = columns
        self._content = _content(node)
        self._rules = entries_of(self._content, "rules")

    def draft(self, heading: Heading) -> Draft:
        self._refuse_what_no_table_does()
        head: dict[str, Plain] = {
            "id": self._id,
            "version": heading.version,
            "owner": heading.owner,
            "title": self._name,
            "effective": {"from": heading.effective_from.isoformat()},
            "hit": _HITS.get(self._hit, "first"),
        }
        return Draft(
            head=head,
            inputs=[self._input(one) for one in entries_of(self._content, "inputs")],
            outputs=[self._output(one) for one in entries_of(self._content, "outputs")],
            rows=list(self._rows()),
        )

    @property
    def _hit(self) -> str:
        return text_of(self._content, "hitPolicy") or "first"

    def _refuse_what_no_table_does(self) -> None:
        spot = Spot(START, f"node {self._name}", "")
        if self._hit not in _HITS:
            self._columns.note(spot, f"{shown(self._hit)} is no hit policy of JDM")
        for key in ("inputs", "outputs", "rules"):
            if not is_listing(self._content, key):
                self._columns.note(spot, f"{key!r} is no list of objects")
        for key in ("inputField", "outputPath"):
            if self._content.get(key):
                self._columns.note(spot, f"{key!r} moves facts or outcomes, which a table of ours does not")
        if self._content.get("executionMode", "single") != "single":
            self._columns.note(spot, "decides once for each of several, and a table of ours decides once")

    def _rows(self) -> Iterator[Row]:
        for n, rule in enumerate(self._rules, start=1):
            name = text_of(rule, "_id")
            because = " ".join(text_of(rule, "_description").split())
            yield Row(number=n, id=name if NAME.fullmatch(name) else f"row-{n}", because=because)

    def _input(self, entry: Entry) -> Column:
        question = self._around.questions.get(text_of(entry, "field"))
        if question is None:
            return self._column(entry, kind="", words=(), said={})
        said: dict[str, Plain] = {"from": {"table": question.table, "output": question.output}}
        table = self._around.tables.get(question.table)
        try:
            answer = answer_of(table, question.output) if table else None
        except NotAValue as refusal:
            self._columns.note(self._spot(entry), refusal)
            answer = None
        if answer is None:
            return self._column(entry, kind=None, words=(), said=said)
        return self._column(entry, kind=answer.type, words=answer.words, said={**said, **answer.said})

    def _output(self, entry: Entry) -> Column:
        if text_of(entry, "field") not in self._around.asked_for:
            return self._column(entry, kind="", words=(), said={})
        return self._column(entry, kind="", words=self._columns.words(self._cells(entry)), said={})

    def _column(
        self, entry: Entry, *, kind: str | None, words: Sequence[str], said: Mapping[str, Plain]
    ) -> Column:
        spot, label = self._spot(entry), text_of(entry, "name")
        name = self._named(spot)
        return Column(
            name=name,
            spot=spot,
            type=kind,
            allowed=None,
            cells=self._cells(entry),
            words=words,
            said={**said, "label": label} if label and label != name else said,
        )

    def _spot(self, entry: Entry) -> Spot:
        return Spot(START, f"node {self._name}, column {_called(entry)}", text_of(entry, "field"))

    def _cells(self, entry: Entry) -> list[Spot]:
        return [self._cell(n, rule, entry) for n, rule in enumerate(self._rules, start=1)]

    def _cell(self, n: int, rule: Entry, entry: Entry) -> Spot:
        key = text_of(entry, "id")
        spot = Spot(START, f"node {self._name}, rule {n}, column {_called(entry)}", text_of(rule, key))
        if not isinstance(rule.get(key, ""), str):
            self._columns.note(spot, "holds no text")
        return spot

    def _named(self, spot: Spot) -> str:
        try:
            if not spot.text:
                raise NotAValue("has no field, and its cells are expressions")
            return name_from(spot.text)
        except NotAValue as refusal:
            self._columns.note(spot, refusal)
            return spot.what


def name_of(node: Entry) -> str:
    """What people call a node."""
    return text_of(node, "name") or text_of(node, "id")


def fields_of(node: Entry, key: str) -> list[str]:
    """The fields of a table's `inputs` or `outputs`."""
    return [field for one in entries_of(_content(node), key) if (field := text_of(one, "field"))]


def passes_on(node: Entry) -> bool:
    """Whether a table's outcome comes beside what it was given, and not in its place."""
    return _content(node).get("passThrough") is True


def _content(node: Entry) -> Entry:
    content = node.get("content")
    return content if isinstance(content, dict) else {}


def _called(entry: Entry) -> str:
    return text_of(entry, "name") or text_of(entry, "id")
