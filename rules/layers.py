"""A table with its overlays: which of them apply in a context on a day, and the table that they make."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import product

from rules.errors import UnknownContext
from rules.overlay import Context, Overlay, overlaid, refuse_contradictions
from rules.table import Table

NOWHERE: Context = {}
_DAY = timedelta(days=1)


class LayeredTable:
    """A table and all of its overlays, which are checked against each other here."""

    def __init__(self, base: Table, overlays: Sequence[Overlay]) -> None:
        refuse_contradictions(overlays)
        self.base = base
        self.overlays = tuple(overlays)
        self._made: dict[tuple[tuple[str, ...], date, date], Table] = {}

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
