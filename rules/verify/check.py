"""Verification of a table, by itself and with the overlays that apply to it."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from rules.layers import LayeredTable
from rules.table import Table
from rules.verify.contradictions import find_contradictions
from rules.verify.flaw import Flaw
from rules.verify.gaps import find_gaps
from rules.verify.idle import find_idle
from rules.verify.layered import find_layered
from rules.verify.merging import find_mergeable
from rules.verify.subject import BUDGET, Subject
from rules.verify.validity import find_late, find_undeliverable, find_unread

SEVERITIES = ("error", "warning", "note")


def check_table(
    table: Table,
    *,
    on: date | None = None,
    within: timedelta = timedelta(0),
    delivered: Collection[str] | None = None,
    read: Collection[str] | None = None,
    budget: int = BUDGET,
) -> list[Flaw]:
    """Find what a table does not do as its author meant, the worst first.

    With a day, also whether it is in force then and stays so for some time; with the names of the inputs that
    a process delivers and of the outputs that it reads, also whether these are all. `budget` bounds the boxes
    that one question may take; what it does not decide is a flaw that is not proved.
    """
    subject = Subject(table, budget=budget)
    flaws = [
        *find_gaps(subject),
        *find_contradictions(subject),
        *find_idle(subject),
        *find_mergeable(subject),
    ]
    if on:
        flaws += find_late(subject, on, within=within)
    if delivered is not None:
        flaws += find_undeliverable(subject, delivered)
    if read is not None:
        flaws += find_unread(subject, read)
    return _in_order(flaws)


def check_layers(
    layers: LayeredTable,
    *,
    on: date | None = None,
    within: timedelta = timedelta(0),
    budget: int = BUDGET,
) -> list[Flaw]:
    """Find what a table and its overlays do not do as their authors meant, like `check_table`."""
    own = check_table(layers.base, on=on, within=within, budget=budget)
    return _in_order([*own, *find_layered(layers, budget=budget)])


def _in_order(flaws: Iterable[Flaw]) -> list[Flaw]:
    """The worst first, and each severity in the order of the files' lines."""
    return sorted(flaws, key=lambda flaw: (SEVERITIES.index(flaw.severity), flaw.file, flaw.line))
