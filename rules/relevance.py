"""Which inputs that nobody knows could change what a table says: tried on the masks that decide.

Every value that an unknown input may have is in an atom of its column, so what could be is a set of row
masks for each, and their intersections are the rows that may fit. Inputs that are computed are tried as if
they were free of each other: one may be named that no facts would let change anything, and none is left out.
The same goes for a table in which more comes together than is looked at here.
"""

import json
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.grid import bits
from rules.table import Table, Values
from rules.verdict import Verdict, judge

_MOST = 2_000  # sets of rows that are looked at for one question


@dataclass(frozen=True)
class Relevance:
    """The inputs that matter, in the order worth asking, and all verdicts there may be.

    Those that matter are the smallest set that decides: without any of them the verdict is open, and with all
    of them it is not. `verdicts` is empty if there are too many to tell.
    """

    inputs: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def weigh(table: Table, values: Values, unknown: Collection[str]) -> Relevance:
    """Weigh the inputs that are unknown, where all others have these values."""
    rows = table.grid.all_rows
    for name, column in table.grid.columns.items():
        if name not in unknown:
            rows &= column.fitting(values[name])
    return _Worlds(table, rows, unknown).relevance()


def could_change(table: Table, values: Values, name: str, *, unknown: Collection[str]) -> bool:
    """Whether some value of a given input that is missing would change what the table says."""
    freed = {name}
    for other in table.computed:  # each stands after what it needs
        if not table.needs(other).isdisjoint(freed):
            freed.add(other)
    return not freed.isdisjoint(weigh(table, values, freed.union(unknown)).inputs)


class _Worlds:
    """All that may be: for each unknown input the different sets of rows that its values let fit."""

    def __init__(self, table: Table, rows: int, unknown: Collection[str]) -> None:
        self._table = table
        self._rows = rows
        self._said: dict[int, Verdict] = {}
        choices = {
            name: {column.rows[atom] & rows for atom in bits(column.possible)}
            for name, column in table.grid.columns.items()
            if name in unknown
        }
        self._choices = {name: ways for name, ways in choices.items() if len(ways) > 1}

    def relevance(self) -> Relevance:
        everything = self._reached([*self._choices])
        if everything is None:
            return Relevance(tuple(self._choices), ())
        weights = {name: self._weight(name) for name in self._choices}
        mattering = [name for name, weight in weights.items() if weight is not None]
        return Relevance(
            tuple(sorted(mattering, key=lambda name: -(weights[name] or 0))),
            tuple(self._verdict(rows) for rows in sorted(everything)),
        )

    def _weight(self, name: str) -> Fraction | None:
        """In how many of its ways the input settles the verdict by itself; None if it changes none."""
        others = self._reached([other for other in self._choices if other != name])
        if others is None:
            return Fraction(0)
        ways = [[_key(self._verdict(rows & way)) for rows in others] for way in self._choices[name]]
        if all(len(set(keys)) == 1 for keys in zip(*ways, strict=True)):
            return None
        return Fraction(sum(len(set(keys)) == 1 for keys in ways), len(ways))

    def _reached(self, names: Sequence[str]) -> set[int] | None:
        """The sets of rows that may fit; None if there are too many to tell."""
        reached = {self._rows}
        for name in names:
            if len(reached) * len(self._choices[name]) > _MOST:
                return None
            reached = {rows & way for rows in reached for way in self._choices[name]}
        return reached

    def _verdict(self, rows: int) -> Verdict:
        if rows not in self._said:
            self._said[rows] = judge(self._table, [self._table.rules[number] for number in bits(rows)])
        return self._said[rows]


def _key(said: Verdict) -> Hashable:
    """What is the same for two verdicts that come to the same; whoever collects is told of each rule."""
    rules = tuple(rule.id for rule in said.rules) if said.kind == "conflict" or len(said.rules) > 1 else ()
    return said.kind, rules, json.dumps(said.outcome, sort_keys=True)
