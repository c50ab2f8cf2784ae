"""Clients that work side by side, and what a number of cycles took."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Protocol

from benchmarks.client import Timing
from benchmarks.stage import HostProcess, Stage
from benchmarks.usage import Usage


class Cycler(Protocol):
    """What can bring a case from its start to its end."""

    async def cycle(self, input_: dict[str, Any]) -> Timing: ...


@dataclass(frozen=True)
class Slice:
    """Some cycles: how long they took together and each, and what they used."""

    seconds: float
    timings: list[Timing]
    usage: Usage

    @property
    def rate(self) -> float:
        """Cycles a second."""
        return len(self.timings) / self.seconds


async def measure(
    stage: Stage, cyclers: Sequence[Cycler], inputs: Iterable[dict[str, Any]], *, host: list[HostProcess]
) -> Slice:
    """Put the inputs through, each cycler taking the next one when it is done with its last."""
    before = await stage.usage(*host)
    begun = time.perf_counter()
    timings = await drive(cyclers, inputs)
    seconds = time.perf_counter() - begun
    return Slice(seconds, timings, await stage.usage(*host) - before)


async def drive(cyclers: Sequence[Cycler], inputs: Iterable[dict[str, Any]]) -> list[Timing]:
    waiting = iter(inputs)
    done = await asyncio.gather(*(_work_off(cycler, waiting) for cycler in cyclers))
    return [timing for timings in done for timing in timings]


async def _work_off(cycler: Cycler, waiting: Iterator[dict[str, Any]]) -> list[Timing]:
    return [await cycler.cycle(input_) for input_ in waiting]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that `percent` of all do not exceed; of fewer than two, the largest."""
    if len(values) < 2:
        return max(values)
    return quantiles(values, n=100, method="inclusive")[percent - 1]
