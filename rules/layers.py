"""A table with its overlays: which of them apply in a context on a day, and the table that they make."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

from rules.canonical import digest_of
from rules.clashes import refuse_clashes
from rules.errors import UnknownContext
from rules.overlay import Context, Overlay, overlaid
from rules.table import Applied, Example, Table

NOWHERE: Context = {}
_UNASKED: Mapping[str, Any] = {"overlays": [], "asked": {}}
_DAY = timedelta(days=1)


class LayeredTable:
    """A table and all of its overlays, which are checked against each other here.

    `digest` is of all of them, so that a case that is pinned to it meets no other overlay either.
    """

    def __init__(
        self, base: Table, overlays: Sequence[Overlay], asked: Sequence["LayeredTable"] = ()
    ) -> None:
        refuse_clashes(base, overlays)
        self.base = base
        self.overlays = tuple(overlays)
        self.asked = {one.base.id: one for one in asked}
        self.contexts: set[str] = {*base.contexts, *(kind for one in asked for kind in one.contexts)}
        parts = sorted([*(one.digest for one in overlays), *(one.digest for one in asked)])
        self.digest: str = digest_of([base.content_digest, *parts]) if parts else base.digest
        self._made: dict[tuple[tuple[str, ...], date, date], Table] = {}
        self._linked: dict[tuple[object, ...], Table] = {}

    @property
    def sources(self) -> dict[str, str]:
        """The texts that all of it was read from, by the name of their file, the table's own first."""
        own = {**self.base.sources, **{overlay.file: overlay.text for overlay in self.overlays}}
        return own | {file: text for one in self.asked.values() for file, text in one.sources.items()}

    @property
    def parts(self) -> list[Applied]:
        """What it consists of: the table, without an id, its overlays, and what the tables it asks do."""
        own = Applied("", self.base.file, self.base.version, self.base.content_digest)
        below = [
            part._replace(id=f"{name}/{part.id}") for name, one in self.asked.items() for part in one.parts
        ]
        return [own, *(overlay.mark for overlay in self.overlays), *below]

    def table(self, context: Mapping[str, str | None] = NOWHERE, as_of: date | None = None) -> Table:
        """The table that decides in a context on a day.

        A kind of context that is None or absent is none. The table is in force as long as its overlays are
        and no others are; without a day it has all that apply on any.

        Raises:
            UnknownContext: neither the table nor one that it asks declares such a kind of context.
        """
        if unknown := sorted(context.keys() - self.contexts):
            raise UnknownContext(f"{', '.join(unknown)}: no kind of context of table {self.base.id!r}")
        known = {kind: value for kind, value in context.items() if value is not None}
        near = [overlay for overlay in self.overlays if overlay.applies(known)]
        own = self._make([one for one in near if as_of is None or one.in_force(as_of)], near, as_of)
        below = [
            one.table({kind: value for kind, value in known.items() if kind in one.contexts}, as_of)
            for one in self.asked.values()
        ]
        return self._link(own, below)

    def table_with(self, overlays: Collection[str]) -> Table:
        """The table that these overlays, by their id, make."""
        applied = [one for one in self.overlays if one.id in overlays]
        return self._make(applied, applied, None)

    def table_of(self, said: Mapping[str, Any]) -> Table:
        """The table that a decision or an escalation, as JSON, is of, as are those that it asked.

        One that it did not ask, for it is of another text, has no overlays.
        """
        own = self.table_with([one["id"] for one in said["overlays"]])
        return self._link(
            own, [one.table_of(said["asked"].get(name, _UNASKED)) for name, one in self.asked.items()]
        )

    def tables(self) -> Iterator[Table]:
        """Every table that some context and day lead to, the one without overlays first, each once."""
        seen = set()
        for context in self._contexts():
            near = [overlay for overlay in self.overlays if overlay.applies(context)]
            for day in _turning_days(self.base, near):
                table = self.table(context, day)
                if table.overlays not in seen:
                    seen.add(table.overlays)
                    yield table

    def examples(self) -> Iterator[tuple[Table, Example]]:
        """Every example with the table that must decide it as it expects."""
        yield from ((self.base, example) for example in self.base.examples)
        for overlay in self.overlays:
            for example in overlay.examples:
                yield self.table(overlay.context, example.as_of), example

    def _contexts(self) -> Iterator[dict[str, str]]:
        kinds = self.base.contexts
        values = [
            sorted({one.context[kind] for one in self.overlays if kind in one.context}) for kind in kinds
        ]
        for row in product(*([None, *known] for known in values)):
            yield {kind: value for kind, value in zip(kinds, row, strict=True) if value is not None}

    def _link(self, own: Table, below: Sequence[Table]) -> Table:
        """The same table, asking these; one object for one combination, so that its masks are made once."""
        if not below:
            return own
        key = (own.digest, own.effective_from, own.effective_to, *(id(one) for one in below))
        if key not in self._linked:
            self._linked[key] = replace(own, asked={one.id: one for one in below})
        return self._linked[key]

    def _make(self, applied: Sequence[Overlay], near: Sequence[Overlay], day: date | None) -> Table:
        since, until = _period(self.base, applied, near, day)
        key = (tuple(one.id for one in applied), since, until)
        if key not in self._made:
            self._made[key] = overlaid(self.base, applied, since=since, until=until) if near else self.base
        return self._made[key]


def _period(
    base: Table, applied: Sequence[Overlay], near: Sequence[Overlay], day: date | None
) -> tuple[date, date]:
    """From when and until when just these overlays apply."""
    starts = [base.effective_from, *(one.effective_from for one in applied)]
    ends = [base.effective_to or date.max, *(one.effective_to for one in applied)]
    if day is not None:
        others = [one for one in near if one not in applied]
        starts += [one.effective_to + _DAY for one in others if one.effective_to < day]
        ends += [one.effective_from - _DAY for one in others if one.effective_from > day]
    return max(starts), min(ends)


def _turning_days(base: Table, near: Sequence[Overlay]) -> list[date]:
    """The first day of each stretch of days on which the same overlays apply."""
    last = base.effective_to or date.max
    starts = {one.effective_from for one in near}
    starts |= {one.effective_to + _DAY for one in near if one.effective_to < date.max}
    return [base.effective_from, *sorted(day for day in starts if base.effective_from < day <= last)]
