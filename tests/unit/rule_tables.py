"""Random tables: sound ones by construction, which defects are planted in, and any others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Protocol

LAST_DAY = date(2026, 12, 31)
ROUTES = ("pay", "ask", "reject", "hold")


class Part(Protocol):
    """The values of one input that a row is about."""

    def text(self) -> str:
        """The part as a cell."""

    def halves(self, random: Random) -> "tuple[Part, Part] | None":
        """Two parts that have no value in common and all of this one's; None if it is too small."""


@dataclass(frozen=True)
class Stretch:
    """Numbers or days from one up to another, which is left out; None is no bound."""

    low: int | None
    high: int | None
    literal: Callable[[int], str]

    def text(self) -> str:
        low, high = (None if end is None else self.literal(end) for end in (self.low, self.high))
        if low is None:
            return "-" if high is None else f"< {high}"
        return f">= {low}" if high is None else f"[{low}..{high})"

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        low, high = self.low or 0, 1000 if self.high is None else self.high
        if high - low < 2:
            return None
        middle = random.randrange(low + 1, high)
        return replace(self, high=middle), replace(self, low=middle)


@dataclass(frozen=True)
class Words:
    """Some of a list of words, or all words but some."""

    words: tuple[str, ...]
    others: tuple[str, ...] = ()
    is_open: bool = False

    def text(self) -> str:
        if self.is_open:
            return f"not({', '.join(self.others)})" if self.others else "-"
        return f"{{{', '.join(self.words)}}}" if self.others else "-"

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        words = random.sample(self.words, len(self.words))
        if len(words) < 2:
            return None
        one, other = tuple(words[: len(words) // 2]), tuple(words[len(words) // 2 :])
        rest = replace(self, words=other, others=(*self.others, *one))
        return Words(one, (*self.others, *other)), rest


@dataclass(frozen=True)
class Flag:
    """Sets with a word, without it, or any."""

    word: str
    cell: str = "-"

    def text(self) -> str:
        return self.cell

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        if self.cell != "-":
            return None
        return replace(self, cell=f"{{{self.word}}}"), replace(self, cell=f"not({{{self.word}}})")


@dataclass(frozen=True)
class Cell:
    """Nothing to halve any more."""

    cell: str

    def text(self) -> str:
        return self.cell

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        return None


@dataclass(frozen=True)
class Optional:
    """All that there can be of an input that may be missing."""

    present: Part

    def text(self) -> str:
        return "-"

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        halves = self.present.halves(random)
        return (Cell("missing"), Present(self.present)) if halves else None


@dataclass(frozen=True)
class Present:
    """All values but the missing one."""

    present: Part

    def text(self) -> str:
        return "not(missing)"

    def halves(self, random: Random) -> tuple[Part, Part] | None:
        return self.present.halves(random)


def cents(number: int) -> str:
    return format(Decimal(number) / 4, "f")


def day(number: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=number)).isoformat()


# An input's declaration, and the part that holds all of its values.
INPUTS: dict[str, tuple[str, Part]] = {
    "amount": ('{type: money, currency: EUR, domain: ">= 0"}', Stretch(0, None, cents)),
    "total": ("{type: decimal, optional: true}", Optional(Stretch(None, None, cents))),
    "days": ('{type: integer, domain: "[0..40)"}', Stretch(0, 40, str)),
    "score": ("{type: integer, optional: true}", Optional(Stretch(None, None, str))),
    "due": ("{type: date}", Stretch(None, None, day)),
    "kind": ("{type: enum, values: [a, b, c, d]}", Words(("a", "b", "c", "d"))),
    "risk": (
        "{type: enum, values: [low, mid, high], optional: true}",
        Optional(Words(("low", "mid", "high"))),
    ),
    "vip": ("{type: boolean}", Words(("true", "false"))),
    "country": ("{type: code}", Words(("AT", "DE", "NO", "SE"), is_open=True)),
    "vendor": ("{type: code, optional: true}", Optional(Words(("V1", "V2", "V3"), is_open=True))),
    "tags": ("{type: set, values: [new, old, big]}", Flag("new")),
}
Box = dict[str, Part]


@dataclass(frozen=True)
class Row:
    """One row; of equal precedence the upper stands first."""

    id: str
    box: Box
    route: str
    because: str
    priority: int = 1
    more: str = ""

    def text(self, hit: str) -> str:
        when = ", ".join(f'{name}: "{part.text()}"' for name, part in self.box.items())
        priority = f"priority: {self.priority}, " if hit == "priority" else ""
        then = f"then: {{route: {self.route}}}, because: {self.because}"
        return f"- {{id: {self.id}, {self.more}{priority}when: {{{when}}}, {then}}}\n"


def text_of(hit: str, names: Iterable[str], rows: Sequence[Row], *, until: date | None = None) -> str:
    """The table of these rows, asking these inputs."""
    inputs = "".join(f"  {name}: {INPUTS[name][0]}\n" for name in names)
    to = f", to: {until}" if until else ""
    aggregate = "aggregate: list\n" if hit == "collect" else ""
    lines = "".join(row.text(hit) for row in rows)
    return (
        f"id: random\nversion: 1\nowner: Nobody\ntitle: Any\neffective: {{from: 2026-01-01{to}}}\n"
        f"contexts: [region]\nhit: {hit}\n{aggregate}inputs:\n{inputs}outputs:\n"
        f"  route: {{type: enum, values: [{', '.join(ROUTES)}]}}\nrules:\n{lines}"
    )


def partition(random: Random, names: Sequence[str], size: int) -> list[Row]:
    """Rows of which exactly one fits any facts, each with a reason of its own."""
    boxes: list[Box] = [{name: INPUTS[name][1] for name in names}]
    for _ in range(20 * size):
        at = random.randrange(len(boxes))
        if halves := halved(random, boxes[at]):
            boxes[at : at + 1] = halves
        if len(boxes) >= size:
            break
    random.shuffle(boxes)
    return [Row(f"R{n}", box, random.choice(ROUTES), f"Reason {n}") for n, box in enumerate(boxes)]


def halved(random: Random, box: Box) -> tuple[Box, Box] | None:
    """The box in two, by one of its columns."""
    for name in random.sample(list(box), len(box)):
        if halves := box[name].halves(random):
            return box | {name: halves[0]}, box | {name: halves[1]}
    return None


def excepted(random: Random, rows: Sequence[Row]) -> list[Row]:
    """Exceptions from some of these rows: each decides otherwise in a part of its row, and before it."""
    chosen = ((row, halved(random, row.box)) for row in random.sample(rows, len(rows) // 3))
    return [
        beside(random, row, f"X{row.id}", box=random.choice(halves), priority=2)
        for row, halves in chosen
        if halves
    ]


def beside(random: Random, row: Row, name: str, *, box: Box, priority: int) -> Row:
    """A row that says something else than this one."""
    route = random.choice([one for one in ROUTES if one != row.route])
    return Row(name, box, route, f"Not {row.because}", priority)
