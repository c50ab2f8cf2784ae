"""What a fault is to the gauntlet: a function that injects it n times and returns what the oracles saw."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from oracles import Violation
from postmaster import Postmaster
from stage import Setting, Stage, staged


@dataclass
class Outcome:
    """How a trial went: `times` are seconds of what `timed` names, `figures` whatever else was counted."""

    n: int
    violations: list[Violation] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    timed: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    skipped: str = ""


@dataclass(frozen=True)
class Ground:
    """What every trial starts from."""

    postmaster: Postmaster
    folder: Path
    seed: int
    without: str = ""
    _numbers: Iterator[int] = field(default_factory=count)

    def staged(self, name: str, **setting: Any) -> AbstractAsyncContextManager[Stage]:
        """Build a stage; the log of everything on it is in a folder of its own."""
        folder = self.folder / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        wanted = Setting(name, self.seed, without=self.without, **setting)
        return staged(wanted, postmaster=self.postmaster, folder=folder)


Trial = Callable[[Ground, int], Awaitable[Outcome]]


@dataclass(frozen=True)
class Fault:
    """A row of the table: what is broken, how often in a full run and in the smoke test, and by what.

    `without` is SQL that takes a mechanism out: then the judges must see violations, or they are blind.
    """

    name: str
    title: str
    n: int
    trial: Trial
    smoke: int = 0
    without: str = ""

    def passed(self, outcome: Outcome) -> bool:
        return bool(outcome.violations) == bool(self.without) or bool(outcome.skipped)
