"""Overlays: what a tenant, a region, an entity or a contract decides otherwise than a table does at large.

    overlays: invoice_tolerances
    id: steel_frame
    context: {contract: FC-2026-7}
    rules:
    - {id: TO-020, when: {goods: steel}, then: {price_pct: 5}, because: "Par. 6: prices follow an index"}

An overlay applies where every kind of its context has the stated value, on the days that it is in force. It
replaces rows by their id, each in its place, and adds rows, which go before those of the table and of less
specific overlays. It removes nothing, and it replaces no mandatory row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from rules.canonical import digest_of
from rules.declarations import name_of
from rules.document import Findings, Node, Place, decoded, plain, read_document
from rules.errors import NotAValue, TableError
from rules.parsing import read_effective
from rules.rows import Rows
from rules.section import Section, filled, text_of
from rules.table import Applied, Rule, Table

Context = Mapping[str, str]  # the value of each kind of context that is known, such as {"entity": "AT"}


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One overlay file, and its text. Of two with the same kinds of context, neither is more specific."""

    id: str
    file: str
    version: str
    owner: str
    title: str
    context: Context
    standing: int
    effective_from: date
    effective_to: date
    rules: tuple[Rule, ...]
    digest: str
    text: str

    def applies(self, context: Context) -> bool:
        """Whether it holds here, on the days that it is in force."""
        return self.context.items() <= context.items()

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day <= self.effective_to

    def meets(self, other: "Overlay") -> bool:
        """Whether there is a context and a day that both apply to."""
        if max(self.effective_from, other.effective_from) > min(self.effective_to, other.effective_to):
            return False
        return all(other.context.get(kind, value) == value for kind, value in self.context.items())

    @property
    def mark(self) -> Applied:
        return Applied(self.id, self.file, self.version, self.digest)


def parse_overlay(content: str | bytes, base: Table, source: str = "overlay") -> Overlay:
    """Read an overlay of a table from YAML; `source` names the file in findings.

    Raises:
        TableError: the overlay is malformed; `findings` holds all that is wrong with it.
    """
    findings = Findings(source)
    text = decoded(content)
    root = read_document(text, findings)
    overlay = _overlay(root, base, findings, text=text)
    _protect(base.rules, overlay, findings)
    if findings.found:
        raise findings.as_error()
    return overlay


def refuse_contradictions(overlays: Sequence[Overlay]) -> None:
    """Refuse overlays that contradict each other wherever both apply.

    Raises:
        TableError: two of equal standing replace one row, or one replaces another's mandatory row.
    """
    findings = []
    for overlay in overlays:
        own = Findings(overlay.file)
        for other in overlays:
            if other is not overlay and other.meets(overlay):
                _protect(other.rules, overlay, own)
                if (other.standing, other.file) < (overlay.standing, overlay.file):
                    _refuse_twins(other, overlay, own)
        findings += own.found
    if findings:
        raise TableError(sorted(set(findings)))


def overlaid(base: Table, overlays: Sequence[Overlay], *, since: date, until: date) -> Table:
    """The table that decides where these overlays and no others apply, from a day to a day."""
    rules = {rule.id: rule for rule in base.rules}
    replaced: list[Rule] = []
    ordered = sorted(overlays, key=lambda overlay: (overlay.standing, overlay.id))
    for overlay in ordered:
        for rule in overlay.rules:
            old = rules.get(rule.id)
            rules[rule.id] = replace(rule, standing=old.standing if old else overlay.standing)
            replaced += [old] if old else []
    marks = tuple(overlay.mark for overlay in ordered)
    return replace(
        base,
        rules=tuple(rules.values()),
        replaced=tuple((old, rules[old.id]) for old in replaced),
        overlays=marks,
        effective_from=since,
        effective_to=None if until == date.max else until,
        digest=digest_of([base.digest, *(mark.digest for mark in marks)]) if marks else base.digest,
    )


def _overlay(root: Node, base: Table, findings: Findings, *, text: str) -> Overlay:
    header = Section(root, findings, what="overlay")
    header.read("overlays", partial(_base_id, base=base), stand_in="")
    since, until = read_effective(header.section("effective"))
    context = _context(header.section("context"), base)
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
        rules=_rules(header, base, findings),
        digest=digest_of(plain(root)),
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


def _rules(header: Section, base: Table, findings: Findings) -> tuple[Rule, ...]:
    rows = Rows(findings, base.inputs, base.outputs, hit=base.hit)
    return rows.read(header.listing("rules"))


def _protect(rules: Sequence[Rule], overlay: Overlay, findings: Findings) -> None:
    mandatory = {rule.id: rule for rule in rules if rule.mandatory}
    for rule in overlay.rules:
        if kept := mandatory.get(rule.id):
            _note(rule, f"{kept.origin}:{kept.line} is mandatory, and no overlay replaces it", findings)


def _refuse_twins(one: Overlay, other: Overlay, findings: Findings) -> None:
    """Refuse rows of one id where neither overlay is more specific."""
    if one.standing != other.standing:
        return
    lines = {rule.id: rule.line for rule in one.rules}
    for rule in other.rules:
        if rule.id in lines:
            _note(rule, f"{one.file}:{lines[rule.id]} stands equal and has a row of this id too", findings)


def _note(rule: Rule, message: str, findings: Findings) -> None:
    findings.add(Place(rule.line, 1), f"rule {rule.id}: {message}")
