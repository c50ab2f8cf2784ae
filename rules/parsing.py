"""From the text of a table to the table, or to everything that is wrong with the text."""

from datetime import date

from rules.canonical import digest_of
from rules.declarations import Outputs, name_of, read_outputs
from rules.document import Findings, Node, decoded, plain, read_document
from rules.errors import NotAValue
from rules.examples import Answers, Examples
from rules.inputs import Tables, read_inputs
from rules.rows import Rows
from rules.section import Section, text_of
from rules.table import AGGREGATES, HIT_POLICIES, Table
from rules.values import DateType, IntegerType


def parse_table(content: str | bytes, source: str = "table", *, tables: Tables | None = None) -> Table:
    """Read a table from YAML; `source` names the file in findings, `tables` finds those that it asks.

    Raises:
        TableError: the table is malformed; `findings` holds all that is wrong with it.
    """
    findings = Findings(source)
    text = decoded(content)
    root = read_document(text, findings)
    table = _table(root, findings, tables, sources={source: text})
    if findings.found:
        raise findings.as_error()
    return table


def _table(root: Node, findings: Findings, tables: Tables | None, *, sources: dict[str, str]) -> Table:
    header = Section(root, findings, what="table")
    since, until = read_effective(header.section("effective"))
    hit = header.word("hit", HIT_POLICIES)
    declared = read_inputs(header.section("inputs"), findings, tables)
    inputs = declared.inputs
    outputs = read_outputs(header.section("outputs"), findings)
    aggregate = _aggregate(header, outputs) if hit == "collect" else None
    rules = Rows(findings, inputs, outputs, hit=hit).read(header.listing("rules"))
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
        aggregate=aggregate,
        inputs={name: one for name, one in inputs.items() if one},
        outputs={name: one for name, one in outputs.items() if one},
        rules=rules,
        examples=Examples(
            findings,
            declared.given,
            answers_of(outputs, aggregate),
            rules=[rule.id for rule in rules],
            first_day=since,
        ).read(header.listing("examples", optional=True)),
        file=findings.file,
        content_digest=content_digest(root),
        computed=declared.computed,
        asked=declared.asked,
        sources=sources
        | {file: text for one in declared.asked.values() for file, text in one.sources.items()},
    )
    header.close()
    return table


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
