"""From the text of an overlay to the overlay, or to everything that is wrong with the text."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from rules.clashes import note_clashes
from rules.declarations import domain_of, name_of
from rules.document import Findings, Node, decoded, read_document
from rules.errors import NotAValue
from rules.examples import Examples
from rules.overlay import Context, Overlay
from rules.parsing import answers_of, content_digest, read_effective
from rules.rows import Rows
from rules.section import Section, filled, text_of
from rules.table import Condition, Table
from rules.values import shown


def parse_overlay(content: str | bytes, base: Table, source: str = "overlay") -> Overlay:
    """Read an overlay of a table from YAML; `source` names the file in findings.

    Raises:
        TableError: the overlay is malformed; `findings` holds all that is wrong with it.
    """
    findings = Findings(source)
    text = decoded(content)
    root = read_document(text, findings)
    overlay = _overlay(root, base, findings, text=text)
    note_clashes(base, overlay, findings)
    if findings.found:
        raise findings.as_error()
    return overlay


def _overlay(root: Node, base: Table, findings: Findings, *, text: str) -> Overlay:
    header = Section(root, findings, what="overlay")
    header.read("overlays", partial(_base_id, base=base), stand_in="")
    since, until = read_effective(header.section("effective"))
    context = _context(header.section("context"), base)
    rules = Rows(findings, base.inputs, base.outputs, hit=base.hit).read(
        header.listing("rules", optional=True)
    )
    overlay = Overlay(
        id=header.read("id", name_of, stand_in=""),
        file=findings.file,
        version=header.text("version"),
        owner=header.text("owner"),
        title=header.text("title"),
        context=context,
        standing=sum(1 << position for position, kind in enumerate(base.contexts) if kind in context),
        effective_from=since,
        effective_to=until or date.max,
        domains=_domains(header.section("inputs", optional=True), base, findings),
        rules=rules,
        examples=Examples(
            findings,
            base.given,
            answers_of(base.outputs, base.aggregate),
            rules=[rule.id for rule in (*base.rules, *rules)],
            first_day=since,
        ).read(header.listing("examples", optional=True)),
        digest=content_digest(root),
        text=text,
    )
    header.close()
    return overlay


def _base_id(text: str, *, base: Table) -> str:
    if text != base.id:
        raise NotAValue(f"lies beside the overlays of {base.id!r}")
    return text


def _context(section: Section, base: Table) -> Context:
    context, entries = {}, section.entries()
    for kind, node in entries.items():
        if kind not in base.contexts:
            section.note(f"{kind!r} is no kind of context of {base.id!r}", at=section.place(kind))
        try:
            context[kind] = filled(text_of(node))
        except NotAValue as refusal:
            section.note(f"{kind!r}: {refusal}", at=node.at)
    if section.known and not entries:
        section.note("an overlay that applies everywhere belongs into the table itself")
    return context


def _domains(section: Section, base: Table, findings: Findings) -> Mapping[str, Condition]:
    domains: dict[str, Condition] = {}
    for name, node in section.entries().items():
        own = Section(node, findings, what=f"input {shown(name)}")
        declared = base.inputs.get(name)
        if declared is None:
            section.note(f"{shown(name)} is not an input", at=section.place(name))
            continue
        if domain := domain_of(name, declared.type, own.take("domain"), own):
            domains[name] = domain
        own.close()
    return domains
