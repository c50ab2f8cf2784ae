"""From the text of a table to the table, or to everything that is wrong with the text."""

from datetime import date

from rules.canonical import digest_of
from rules.cells import Anything, Cell, Missing, one_of, parse_cell
from rules.declarations import Inputs, Outputs, name_of, read_inputs, read_outputs
from rules.document import Findings, Listing, Node, plain, read_document
from rules.errors import NotAValue
from rules.section import Section, text_of
from rules.table import HIT_POLICIES, Condition, Input, Outcome, Output, Rule, Table
from rules.values import DateType, IntegerType, shown


def parse_table(content: str | bytes, source: str = "table") -> Table:
    """Read a table from YAML; `source` names the file in findings.

    Raises:
        TableError: the table is malformed; `findings` holds all that is wrong with it.
    """
    findings = Findings(source)
    root = read_document(content, findings)
    table = _table(root, findings)
    if findings.found:
        raise findings.as_error()
    return table


def _table(root: Node, findings: Findings) -> Table:
    header = Section(root, findings, what="table")
    since, until = read_effective(header.section("effective"))
    hit = header.word("hit", HIT_POLICIES)
    inputs = read_inputs(header.section("inputs"), findings)
    outputs = read_outputs(header.section("outputs"), findings)
    table = Table(
        id=header.read("id", name_of, stand_in=""),
        version=header.text("version"),
        owner=header.text("owner"),
        title=header.text("title"),
        contexts=_contexts(header),
        prose=header.text("prose", optional=True),
        effective_from=since,
        effective_to=until,
        hit=hit,
        inputs={name: declared for name, declared in inputs.items() if declared},
        outputs={name: declared for name, declared in outputs.items() if declared},
        rules=Rows(findings, inputs, outputs, by_priority=hit not in ("unique", "first")).read(
            header.listing("rules")
        ),
        digest=digest_of(plain(root)),
    )
    header.close()
    return table


def _contexts(header: Section) -> tuple[str, ...]:
    """The kinds of context that overlays may state, from the most general to the most specific."""
    kinds: dict[str, None] = {}
    for node in header.listing("contexts", optional=True):
        try:
            kind = name_of(text_of(node))
        except NotAValue as refusal:
            header.note(f"'contexts': {refusal}", at=node.at)
            continue
        if kind in kinds:
            header.note(f"'contexts': {kind!r} is listed twice", at=node.at)
        kinds[kind] = None
    return tuple(kinds)


def read_effective(section: Section) -> tuple[date, date | None]:
    day = DateType().literal
    since = section.read("from", day, stand_in=date.min)
    until = section.read("to", day, stand_in=date.max, optional=True)
    if until < since:
        section.note("'to' is before 'from'", at=section.place("to"))
    section.close()
    return since, None if until == date.max else until


class Rows:
    """Reads the rows against what the table declares."""

    def __init__(self, findings: Findings, inputs: Inputs, outputs: Outputs, *, by_priority: bool) -> None:
        self._findings = findings
        self._inputs = inputs
        self._outputs = outputs
        self._by_priority = by_priority
        self._lines: dict[str, int] = {}

    def read(self, nodes: tuple[Node, ...]) -> tuple[Rule, ...]:
        sections = [Section(node, self._findings, what=f"rule {n}") for n, node in enumerate(nodes, start=1)]
        return tuple(map(self._rule, sections))

    def _rule(self, section: Section) -> Rule:
        rule = Rule(
            id=self._id(section),
            priority=section.read("priority", IntegerType().literal, stand_in=0) if self._by_priority else 0,
            conditions=self._conditions(section.section("when")),
            outcome=self._outcome(section.section("then")),
            because=section.text("because"),
            mandatory=section.word("mandatory", ("false", "true"), optional=True) == "true",
            origin=self._findings.file,
            line=section.at.line,
        )
        section.close()
        return rule

    def _id(self, section: Section) -> str:
        name = section.read("id", name_of, stand_in="")
        if name in self._lines:
            section.note(f"id {name!r} is taken by line {self._lines[name]}", at=section.place("id"))
        elif name:
            self._lines[name] = section.at.line
            section.what = f"rule {name}"
        return name

    def _conditions(self, section: Section) -> tuple[Condition, ...]:
        conditions = []
        for name, node in section.entries().items():
            if name not in self._inputs:
                section.note(f"{shown(name)} is not an input", at=section.place(name))
            elif declared := self._inputs[name]:
                conditions += _condition(declared, node, section)
        return tuple(conditions)

    def _outcome(self, section: Section) -> Outcome:
        if not section.known:
            return {}
        given = section.entries()
        for name in given.keys() - self._outputs.keys():
            section.note(f"{shown(name)} is not an output", at=section.place(name))
        outcome: dict[str, str | None] = {}
        for name, output in self._outputs.items():
            if output:
                outcome[name] = _said(output, given.get(name), outcome, section)
        return outcome


def _condition(declared: Input, node: Node, section: Section) -> list[Condition]:
    try:
        cell, text = _cell(declared, node)
        if cell == Missing() and not declared.optional:
            raise NotAValue("an input that is not optional is never missing")
    except NotAValue as refusal:
        section.note(f"{declared.name!r}: {refusal}", at=node.at)
        return []
    return [] if cell == Anything() else [Condition(input=declared.name, cell=cell, text=text)]


def _cell(declared: Input, node: Node) -> tuple[Cell, str]:
    if isinstance(node, Listing):
        texts = [text_of(item) for item in node.items]
        return one_of(texts, declared.type), f"{{{', '.join(texts)}}}"
    return parse_cell(text_of(node), declared.type), text_of(node).strip()


def _said(output: Output, node: Node | None, earlier: Outcome, section: Section) -> str | None:
    try:
        text = text_of(node).strip() if node else "-"
        if text != "-":
            return _word(output, text, earlier)
        if output.applies(earlier):
            raise NotAValue("is missing")
    except NotAValue as refusal:
        section.note(f"{output.name!r}: {refusal}", at=node.at if node else section.at)
    return None


def _word(output: Output, text: str, earlier: Outcome) -> str:
    if output.only_when and not output.applies(earlier):
        raise NotAValue(f"is said only when {' is '.join(output.only_when)}")
    if not text or (output.values and text not in output.values):
        raise NotAValue(
            f"{shown(text)} is none of {', '.join(output.values) or 'the texts that say something'}"
        )
    return text
