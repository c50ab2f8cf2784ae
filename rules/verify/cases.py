"""Cases as facts: what a table is asked to see whether it does what verification says.

What is computed from other inputs is verified as if it were free, so a case may be one that no facts lead to.
For a table with such inputs facts are drawn from the box in question until some show what was found.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from random import Random

from rules.facts import plain_fact
from rules.grid import Column, bits
from rules.table import Facts, Table
from rules.values import DateType, IntegerType, Value, ValueType

Atoms = Mapping[str, int]  # for each input of a table the mask of those that a case may have

_DRAWN = 300
_DIGITS = 6  # at most, of a number that is drawn


def find_case(table: Table, first: Atoms, every: Atoms, shows: Callable[[Facts], bool]) -> Facts | None:
    """Find facts that show something: of the lowest atoms of `first` or, if that is no case, of `every`."""
    return next(filter(shows, _cases(table, first, every)), None)


def _cases(table: Table, first: Atoms, every: Atoms) -> Iterator[Facts]:
    columns = {name: list(_columns(table, name)) for name in table.given}
    yield {
        name: plain_fact(one, _lowest(columns[name][0], first.get(name, -1)))
        for name, one in table.given.items()
    }
    random = Random(2026)  # noqa: S311  # nothing is secret here, and the same table is told the same
    for _ in range(_DRAWN if table.computed else 0):
        yield {
            name: plain_fact(one, _drawn(columns[name], every.get(name, -1), one.type, random))
            for name, one in table.given.items()
        }


def _columns(table: Table, name: str) -> Iterator[Column]:
    """How the table cuts an input, and how those that it asks do."""
    if name in table.inputs:
        yield table.grid.columns[name]
    for asked in table.asked.values():
        if name in asked.given:
            yield from _columns(asked, name)


def _lowest(column: Column, atoms: int) -> Value | None:
    atom = next(bits(atoms & column.possible))
    return None if atom == column.cut.missing else column.cut.sample(atom)


def _drawn(columns: list[Column], atoms: int, kind: ValueType, random: Random) -> Value | None:
    """A value of one of these atoms of the first column, where it can be of any atom of another one."""
    own, other = columns[0], random.choice(columns)
    atom = random.choice(list(bits((atoms if other is own else -1) & other.possible)))
    if atom == other.cut.missing:
        return None if atoms >> own.cut.missing & 1 else _lowest(own, atoms)
    near = _number(kind, random)
    value = near if near is not None and other.cut.atom(near) == atom else other.cut.sample(atom)
    is_own = value is not None and atoms >> own.cut.atom(value) & 1
    return value if is_own else _lowest(own, atoms)


def _number(kind: ValueType, random: Random) -> Value | None:
    """Any number or day, None of a type that has none."""
    if not kind.ordered:
        return None
    if isinstance(kind, DateType):
        return date.fromordinal(date(2026, 1, 1).toordinal() + random.randrange(-1000, 1000))
    whole = random.choice((-1, 1)) * random.randrange(10 ** random.randint(1, _DIGITS))
    return whole if isinstance(kind, IntegerType) else Decimal(whole).scaleb(-random.choice((0, 2)))
