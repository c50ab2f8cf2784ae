"""Overlays that clash: with a mandatory row, with a domain, or with an overlay that stands equal.

Whatever the facts, so that it is found when the files are read. Rows that are proved to fit at once are shown
with facts that both fit; where no proof can be had, they are a conflict when such facts come.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from rules.cells import Anything, Cell
from rules.cuts import cut
from rules.document import Findings, Place
from rules.errors import TableError
from rules.grid import Column, bits
from rules.overlay import Overlay
from rules.table import Condition, Input, Rule, Table
from rules.values import in_words


def note_clashes(base: Table, overlay: Overlay, findings: Findings) -> None:
    """Note where an overlay clashes with its table."""
    _note_mandatory(base.rules, overlay, findings)
    mandatory = [rule for rule in base.rules if rule.mandatory]
    _note_contradictions(base, mandatory, overlay.rules, findings)
    for name, domain in overlay.domains.items():
        declared = base.inputs[name]
        if declared.domain and not _within(declared, domain, declared.domain):
            message = f"input {name}: {domain.text} reaches beyond {declared.domain.text}, the table's domain"
            findings.add(Place(1, 1), message)


def refuse_clashes(base: Table, overlays: Sequence[Overlay]) -> None:
    """Refuse overlays of a table that apply to one context on one day and clash.

    Raises:
        TableError: with all that clashes.
    """
    found = []
    for pair in combinations(sorted(overlays, key=lambda one: (one.standing, one.file)), 2):
        if pair[0].meets(pair[1]):
            own = Findings(pair[1].file)
            _note_pair(base, *pair, own)
            found += own.found
    if found:
        raise TableError(found)


def _note_pair(base: Table, wider: Overlay, closer: Overlay, findings: Findings) -> None:
    _note_mandatory(wider.rules, closer, findings)
    if wider.standing == closer.standing:
        _note_twins(wider, closer, findings)
    for name in wider.domains.keys() & closer.domains.keys():
        if not _within(base.inputs[name], closer.domains[name], wider.domains[name]):
            message = f"input {name}: {closer.domains[name].text} reaches beyond {wider.domains[name].text},"
            findings.add(Place(1, 1), f"{message} the domain in {wider.file}")
    ids = {rule.id for rule in base.rules}
    added = [[rule for rule in one.rules if rule.id not in ids] for one in (wider, closer)]
    equal = wider.standing == closer.standing
    rows = [[rule for rule in one if equal or rule.mandatory] for one in added]
    _note_contradictions(base, rows[0], rows[1], findings)


def _note_mandatory(rules: Sequence[Rule], overlay: Overlay, findings: Findings) -> None:
    mandatory = {rule.id: rule for rule in rules if rule.mandatory}
    for rule in overlay.rules:
        if kept := mandatory.get(rule.id):
            _note(rule, f"{kept.origin}:{kept.line} is mandatory, and no overlay replaces it", findings)


def _note_twins(one: Overlay, other: Overlay, findings: Findings) -> None:
    """Note rows of one id where neither overlay is more specific."""
    lines = {rule.id: rule.line for rule in one.rules}
    for rule in other.rules:
        if rule.id in lines:
            _note(rule, f"{one.file}:{lines[rule.id]} stands equal and has a row of this id too", findings)


def _note_contradictions(
    base: Table, some: Sequence[Rule], others: Sequence[Rule], findings: Findings
) -> None:
    """Note rows of two files that stand equal, say different things, and fit at once."""
    for rule in others:
        for other in some:
            if not _equal(other, rule) or base.aggregate or other.outcome == rule.outcome:
                continue
            if facts := _common_facts(base, other, rule):
                at = f"{other.origin}:{other.line} ({other.id})"
                _note(rule, f"{at} stands equal and says otherwise, both fit {facts}", findings)


def _equal(one: Rule, other: Rule) -> bool:
    if one.id == other.id or one.mandatory != other.mandatory:
        return False
    return one.mandatory or one.priority == other.priority


def _common_facts(base: Table, one: Rule, other: Rule) -> str | None:
    """Facts that both rules fit, in words, if there are any."""
    samples = []
    tested = {condition.input for condition in (*one.conditions, *other.conditions)}
    if any(base.inputs[name].computed for name in tested):
        return None  # whether there are facts for a pair of computed values is another question
    for name, declared in base.inputs.items():
        column = _column(declared, [one.cell(name), other.cell(name)])
        common = column.possible & column.cells[0] & column.cells[1]
        if not common:
            return None
        if name in tested:
            atom = next(bits(common))
            value = None if atom == column.cut.missing else column.cut.sample(atom)
            samples.append(f"{name}: {in_words(None if value is None else declared.type.plain(value))}")
    return ", ".join(samples) or "everything"


def _within(declared: Input, inner: Condition, outer: Condition) -> bool:
    """Whether one domain of an input lies in another one."""
    column = _column(replace(declared, domain=None), [inner.cell, outer.cell])
    return not column.possible & column.cells[0] & ~column.cells[1]


def _column(declared: Input, cells: Sequence[Cell]) -> Column:
    domain = declared.domain.cell if declared.domain else Anything()
    return Column(cut(declared.type, [*cells, domain]), cells, optional=declared.optional, domain=domain)


def _note(rule: Rule, message: str, findings: Findings) -> None:
    findings.add(Place(rule.line, 1), f"rule {rule.id}: {message}")
