"""Overlays: what a tenant, a region, an entity or a contract decides otherwise than a table does at large.

    overlays: invoice_tolerances
    id: steel_frame
    context: {contract: FC-2026-7}
    rules:
    - {id: TO-020, when: {goods: steel}, then: {price_pct: 5}, because: "Par. 6: prices follow an index"}

An overlay applies where every kind of its context has the stated value, on the days that it is in force. It
replaces rows by their id, each in its place, and adds rows, which go before those of the table and of less
specific overlays, and it narrows the domain of inputs. It removes nothing, and it replaces no mandatory row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rules.canonical import digest_of
from rules.table import Applied, Condition, Example, Rule, Table

Context = Mapping[str, str]  # the value of each kind of context that is known, such as {"entity": "AT"}


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One overlay file, and its text. Of two with the same kinds of context, neither is more specific.

    `examples` are of its own context, where no other overlay is needed to decide them.
    """

    id: str
    file: str
    version: str
    owner: str
    title: str
    context: Context
    standing: int
    effective_from: date
    effective_to: date
    domains: Mapping[str, Condition]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]
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


def overlaid(base: Table, overlays: Sequence[Overlay], *, since: date, until: date) -> Table:
    """The table that decides where these overlays and no others apply, from a day to a day."""
    rules = {rule.id: rule for rule in base.rules}
    inputs = dict(base.inputs)
    replaced: list[Rule] = []
    ordered = sorted(overlays, key=lambda overlay: (overlay.standing, overlay.id))
    for overlay in ordered:
        for rule in overlay.rules:
            old = rules.get(rule.id)
            rules[rule.id] = replace(rule, standing=old.standing if old else overlay.standing)
            replaced += [old] if old else []
        for name, domain in overlay.domains.items():
            inputs[name] = replace(inputs[name], domain=domain)
    marks = tuple(overlay.mark for overlay in ordered)
    return replace(
        base,
        inputs=inputs,
        examples=() if marks else base.examples,
        rules=tuple(rules.values()),
        replaced=tuple((old, rules[old.id]) for old in replaced),
        overlays=marks,
        effective_from=since,
        effective_to=None if until == date.max else until,
        content_digest=digest_of([base.content_digest, *(mark.digest for mark in marks)])
        if marks
        else base.content_digest,
    )
