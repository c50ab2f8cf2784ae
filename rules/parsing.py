"""From the text of a table to the table, or to everything that is wrong with the text."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NoReturn

from rules.canonical import digest_of
from rules.declarations import Outputs, name_of, read_distinct, read_outputs
from rules.document import Findings, Node, decoded, plain, read_document
from rules.errors import NotAValue, TableNotFound
from rules.examples import Answers, Examples
from rules.inputs import Tables, read_inputs
from rules.rows import Rows
from rules.section import Section
from rules.sheet import Columns
from rules.table import AGGREGATES, HIT_POLICIES, Example, Rule, Table
from rules.values import NAME, DateType, IntegerType, shown

Files = Callable[[str], str | bytes]  # finds a file beside the table's; raises `TableNotFound`


def _nothing(name: str) -> NoReturn:
    raise TableNotFound(f"{shown(name)} cannot be read where nothing is known to lie beside the table")


def parse_table(
    content: str | bytes,
    source: str = "table",
    *,
    tables: Tables | None = None,
    files: Files | None = None,
) -> Table:
    """Read a table from YAML; `source` names the file in findings.

    `tables` finds the tables that it asks, and `files` the file of its rows, if it has one.

    Raises:
        TableError: the table is malformed; `findings` holds all that is wrong with it.
    """
    findings = Findings(source)
    table = _Reader(decoded(content), findings, tables or _nothing, files or _nothing).table()
    if findings.found:
        raise findings.as_error()
    return table


class _Reader:
    """Reads the parts of a table, each by what those before it declare."""

    def __init__(self, text: str, findings: Findings, tables: Tables, files: Files) -> None:
        self._root = read_document(text, findings)
        self._findings = findings
        self._files = files
        self._sources = {findings.file: text}
        self._header = Section(self._root, findings, what="table")
        self._hit = self._header.word("hit", HIT_POLICIES)
        self._declared = read_inputs(self._header.section("inputs"), findings, tables)
        self._outputs = read_outputs(self._header.section("outputs"), findings)
        self._aggregate = _aggregate(self._header, self._outputs) if self._hit == "collect" else None
        self._since, self._until = read_effective(self._header.section("effective"))

    def table(self) -> Table:
        header, asked = self._header, self._declared.asked
        rules, digest = self._rules()
        table = Table(
            id=header.read("id", name_of, stand_in=""),
            version=header.text("version"),
            owner=header.text("owner"),
            title=header.text("title"),
            contexts=read_distinct(header, "contexts", name_of, optional=True),
            prose=header.text("prose", optional=True),
            effective_from=self._since,
            effective_to=self._until,
            hit=self._hit,
            aggregate=self._aggregate,
            inputs={name: one for name, one in self._declared.inputs.items() if one},
            outputs={name: one for name, one in self._outputs.items() if one},
            rules=rules,
            examples=self._examples([rule.id for rule in rules]),
            file=self._findings.file,
            content_digest=digest,
            computed=self._declared.computed,
            asked=asked,
            sources=self._sources
            | {file: text for one in asked.values() for file, text in one.sources.items()},
        )
        header.close()
        return table

    def _rules(self) -> tuple[tuple[Rule, ...], str]:
        """The rows, here or in a sheet, and the digest of all of the table."""
        file = self._header.read("rows", _csv_name, stand_in="", optional=True)
        if not file:
            return self._read(self._header.listing("rules"), self._findings), content_digest(self._root)
        folder, slash, _ = self._findings.file.rpartition("/")
        own = Findings(f"{folder}{slash}{file}")
        nodes = self._sheet(file, own)
        self._findings.found += own.found
        rules = self._read(nodes, Findings(own.file, self._findings.found))
        return rules, digest_of([content_digest(self._root), [plain(node) for node in nodes]])

    def _sheet(self, file: str, own: Findings) -> tuple[Node, ...]:
        try:
            text = self._sources[own.file] = decoded(self._files(file))
        except TableNotFound as refusal:
            self._header.note(f"'rows': {refusal}", at=self._header.place("rows"))
            return ()
        columns = Columns([*self._declared.inputs], [*self._outputs], by_priority=self._hit == "priority")
        return columns.read(text, own)

    def _read(self, nodes: tuple[Node, ...], findings: Findings) -> tuple[Rule, ...]:
        return Rows(findings, self._declared.inputs, self._outputs, hit=self._hit).read(nodes)

    def _examples(self, rules: Sequence[str]) -> tuple[Example, ...]:
        reader = Examples(
            self._findings,
            self._declared.given,
            answers_of(self._outputs, self._aggregate),
            rules=rules,
            first_day=self._since,
        )
        return reader.read(self._header.listing("examples", optional=True))


def _csv_name(text: str) -> str:
    if not NAME.fullmatch(text) or not text.endswith(".csv"):
        raise NotAValue(f"{shown(text)} is not the name of a CSV file beside the table")
    return text


def content_digest(root: Node) -> str:
    """The digest of a table or an overlay, but for its examples, which decide nothing."""
    content = plain(root)
    if isinstance(content, dict):
        content.pop("examples", None)
    return digest_of(content)


def _aggregate(header: Section, outputs: Outputs) -> str:
    name = header.word("aggregate", AGGREGATES, optional=True) or "list"
    for output in outputs.values():
        if name in ("sum", "min", "max") and output and output.type not in ("money", "decimal", "integer"):
            at = header.place("aggregate")
            header.note(f"{name!r} takes numbers, and output {output.name!r} is none", at=at)
    return name


def answers_of(outputs: Outputs, aggregate: str | None) -> Answers:
    """The types of what a table answers."""
    if aggregate == "count":
        return dict.fromkeys(outputs, IntegerType())
    return {name: output.value_type if output else None for name, output in outputs.items()}


def read_effective(section: Section) -> tuple[date, date | None]:
    day = DateType().literal
    since = section.read("from", day, stand_in=date.min)
    until = section.read("to", day, stand_in=date.max, optional=True)
    if until < since:
        section.note("'to' is before 'from'", at=section.place("to"))
    section.close()
    return since, None if until == date.max else until
