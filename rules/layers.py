"""A table with its overlays: which of them apply in a context on a day, and the table that they make."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product

from rules.canonical import digest_of
from rules.clashes import refuse_clashes
from rules.errors import UnknownContext
from rules.overlay import Context, Overlay, overlaid
from rules.table import Applied, Example, Table

NOWHERE: Context = {}
_DAY = timedelta(days=1)


class LayeredTable:
    """A table and all of its overlays, which are checked against each other here.

    `digest` is of all of them, so that a case that is pinned to it meets no other overlay either.
    """

    def __init__(self, base: Table, overlays: Sequence[Overlay]) -> None:
        refuse_clashes(base, overlays)
        self.base = base
        self.overlays = tuple(overlays)
        parts = sorted(one.digest for one in overlays)
        self.digest = digest_of([base.digest, *parts]) if parts else base.digest
        self._made: dict[tuple[tuple[str, ...], date, date], Table] = {}

    @property
    def sources(self) -> dict[str, str]:
        """The texts that all of it was read from, by the name of their file, the table's own first."""
        return {**self.base.sources, **{overlay.file: overlay.text for overlay in self.overlays}}

    @property
    def parts(self) -> list[Applied]:
        """What it consists of: the table, without an id, and its overlays."""
        own = Applied("", self.base.file, self.base.version, self.base.digest)
        return [own, *(overlay.mark for overlay in self.overlays)]

    def table(self, context: Mapping[str, str | None] = NOWHERE, as_of: date | None = None) -> Table:
        """The table that decides in a context on a day.

        A kind of context that is None or absent is none. The table is in force as long as its overlays are
        and no others are; without a day it has all that apply on any.

        Raises:
            UnknownContext: the table declares no such kind of context.
        """
        if unknown := sorted(context.keys() - set(self.base.contexts)):
            raise UnknownContext(f"{', '.join(unknown)}: no kind of context of table {self.base.id!r}")
        known = {kind: value for kind, value in context.items() if value is not None}
        near = [overlay for overlay in self.overlays if overlay.applies(known)]
        return self._make([one for one in near if as_of is None or one.in_force(as_of)], near, as_of)

    def table_with(self, overlays: Collection[str]) -> Table:
        """The table that these overlays, by their id, make."""
        applied = [one for one in self.overlays if one.id in overlays]
        return self._make(applied, applied, None)

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
