"""What a changed table would have said to the facts that were decided: which decisions flip, and their money.

It asks nobody but the table. A past decision is tried as if the changed table had been in force on its day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Context, Decimal
from typing import Any

from rules.change.boxes import Said
from rules.decision import Decision, Escalation
from rules.errors import NotAValue
from rules.evaluation import decide
from rules.layers import LayeredTable
from rules.table import Table
from rules.values import JsonValue, MoneyType, currency_code

_EXACT = Context(prec=100)

Money = Mapping[str, Mapping[str, Decimal]]  # by input, then by currency


@dataclass(frozen=True, kw_only=True)
class Past:
    """A decision that was made: `said` then, to these facts.

    `record` is its JSON, at least the overlays and the decisions that it names. `is_open` says that its case
    goes on.
    """

    case: str
    is_open: bool
    as_of: date | None
    facts: Mapping[str, JsonValue]
    record: Mapping[str, Any]
    said: Said


@dataclass(kw_only=True)
class Flip:
    """Decisions that become another one: how many of cases that have ended, how many of open ones."""

    old: Said
    new: Said
    finished: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    money: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def as_json(self) -> dict[str, JsonValue]:
        return {
            "old": self.old.as_json(),
            "new": self.new.as_json(),
            "finished": [*self.finished],
            "open": [*self.open],
            "money": {
                name: [{"amount": f"{amount:f}", "currency": currency} for currency, amount in sums.items()]
                for name, sums in self.money.items()
            },
        }


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What became of `tried` decisions; every other one than the flips stays as it is.

    `unasked` are facts that the cases had and the changed table does not ask for: it was not told them.
    """

    tried: int
    flips: tuple[Flip, ...]
    unasked: tuple[str, ...]

    def as_json(self) -> dict[str, JsonValue]:
        flips: list[JsonValue] = [flip.as_json() for flip in self.flips]
        return {"tried": self.tried, "unasked": [*self.unasked], "flips": flips}


def backtest(table: LayeredTable, past: Iterable[Past], *, sum_: Sequence[str] | None = None) -> Backtest:
    """Ask the table about each past decision, and gather those that it would make otherwise.

    `sum_` names the facts whose money is added up; without it those that the table says are money.
    """
    panel = _Panel(table)
    money = money_inputs(table.base) if sum_ is None else sum_
    flips: dict[tuple[str, str], Flip] = {}
    tried = 0
    for tried, one in enumerate(past, start=1):  # noqa: B007  the count is wanted after the loop
        now = said_of(panel.ask(one))
        if now.mark != one.said.mark:
            flip = flips.setdefault((one.said.mark, now.mark), Flip(old=one.said, new=now))
            _add(flip, one, now=now, money=money)
    return Backtest(tried=tried, flips=tuple(flips.values()), unasked=tuple(sorted(panel.unasked)))


def money_inputs(table: Table) -> list[str]:
    return [name for name, declared in table.given.items() if isinstance(declared.type, MoneyType)]


def said_of(answer: Decision | Escalation) -> Said:
    outcome = answer.outcome if isinstance(answer, Decision) else {}
    return Said(answer.kind, outcome, answer.rules)


class _Panel:
    """A changed table that is asked about past decisions, under the overlays of each."""

    def __init__(self, table: LayeredTable) -> None:
        self._table = table
        self._made: dict[int, Table] = {}
        self.unasked: set[str] = set()

    def ask(self, past: Past) -> Decision | Escalation:
        own = self._table.table_of(past.record)
        if id(own) not in self._made:
            self._made[id(own)] = _always(own)
        return decide(self._made[id(own)], self._told(past, own), as_of=past.as_of)

    def _told(self, past: Past, table: Table) -> Mapping[str, JsonValue]:
        """The facts that the table asks for; all if some were wrong, for a name may be what was wrong."""
        others = past.facts.keys() - table.given.keys()
        if not others or past.said.kind == "invalid_input":
            return past.facts
        self.unasked |= others
        return {name: fact for name, fact in past.facts.items() if name not in others}


def _always(table: Table) -> Table:
    """The table as if it, and those that it asks, had been in force from the beginning."""
    asked = {name: _always(one) for name, one in table.asked.items()}
    return replace(table, effective_from=date.min, effective_to=None, asked=asked)


def _add(flip: Flip, past: Past, *, now: Said, money: Sequence[str]) -> None:
    (flip.open if past.is_open else flip.finished).append(past.case)
    flip.old = flip.old.also_by(past.said.rules)
    flip.new = flip.new.also_by(now.rules)
    for name in money:
        for currency, amount in _amounts(past.facts.get(name)):
            sums = flip.money.setdefault(name, {})
            sums[currency] = _EXACT.add(sums.get(currency, Decimal(0)), amount)


def _amounts(fact: JsonValue) -> Iterator[tuple[str, Decimal]]:
    """The amount of a fact that is money, none of any other."""
    if not isinstance(fact, dict):
        return
    try:
        currency = currency_code(str(fact.get("currency")))
        amount = MoneyType(currency).fact(fact)
    except NotAValue:
        return
    if isinstance(amount, Decimal):
        yield currency, amount
