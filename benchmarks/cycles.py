"""Cycles a second, what one costs, and how long its halves take, beside the bare loop in the same minutes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import reduce
from operator import add
from statistics import median
from typing import Any

from benchmarks.bare import bare_slots
from benchmarks.client import Client
from benchmarks.load import Cycler, Slice, drive, measure, percentile
from benchmarks.reference import cases
from benchmarks.stage import HostProcess, Stage, api, workers

CONCURRENCY = 32
OWN, SHARED, HOST = "bare, a saver each", "bare, one shared saver", "host"


async def measure_cycles(
    stage: Stage,
    *,
    rounds: int,
    cycles: int,
    worker_counts: Sequence[int] = (1, 2),
    client_counts: Sequence[int] = (1, 8, 32),
) -> list[dict[str, Any]]:
    """Return a row for each number of workers, number of clients, and contender.

    In every round each contender has its turn, so that what else the machine does meets all of them alike.
    """
    rows: list[dict[str, Any]] = []
    with api(stage) as (server, address):
        for count in worker_counts:
            async with workers(stage, count=count, concurrency=CONCURRENCY) as working:
                for clients in client_counts:
                    slices = await _rounds(
                        stage,
                        address,
                        host=[server, *working],
                        clients=clients,
                        rounds=rounds,
                        cycles=cycles // 2 if clients == 1 else cycles,
                    )
                    rows += [
                        {"workers": count, "clients": clients, "contender": name, **summary(turns)}
                        for name, turns in slices.items()
                    ]
    return rows


async def _rounds(
    stage: Stage, address: str, *, host: list[HostProcess], clients: int, rounds: int, cycles: int
) -> dict[str, list[Slice]]:
    slices: dict[str, list[Slice]] = {OWN: [], SHARED: [], HOST: []}
    for turn in range(rounds * len(slices)):
        name = list(slices)[turn % len(slices)]
        async with contender(name, stage.url, address, clients=clients) as cyclers:
            await drive(cyclers, cases(2 * clients))
            slices[name].append(await measure(stage, cyclers, cases(cycles), host=host))
    return slices


@asynccontextmanager
async def contender(name: str, url: str, address: str, *, clients: int) -> AsyncIterator[Sequence[Cycler]]:
    if name != HOST:
        async with bare_slots(url, count=clients, shared=name == SHARED) as slots:
            yield slots
        return
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Client(address)) for _ in range(clients)]


def summary(slices: Sequence[Slice]) -> dict[str, Any]:
    """Sum the slices of one contender up; what was used is told for one cycle, times in milliseconds."""
    timings = [timing for one in slices for timing in one.timings]
    used = reduce(add, (one.usage for one in slices))
    starts = [timing.start_to_interrupt for timing in timings]
    answers = [timing.answer_to_end for timing in timings]
    return {
        "rates": [round(one.rate, 2) for one in slices],
        "rate": round(median(one.rate for one in slices), 2),
        "client_cpu_ms": round(1000 * used.client_cpu / len(timings), 2),
        "host_cpu_ms": round(1000 * used.host_cpu / len(timings), 2),
        "postgres_cpu_ms": round(1000 * used.postgres_cpu / len(timings), 2),
        "write_transactions": round(used.write_transactions / len(timings), 2),
        "wal_bytes": round(used.wal_bytes / len(timings)),
        **{f"start_p{percent}_ms": round(1000 * percentile(starts, percent), 2) for percent in (50, 99)},
        **{f"answer_p{percent}_ms": round(1000 * percentile(answers, percent), 2) for percent in (50, 99)},
    }
