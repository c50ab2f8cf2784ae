"""What a step costs in a long case and in a heavy one, and a cycle among cases that have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from benchmarks.bare import BareWalk, bare_pool
from benchmarks.client import Client, Timing
from benchmarks.copies import copy_case
from benchmarks.cycles import HOST, OWN, contender, summary
from benchmarks.load import drive, measure
from benchmarks.reference import cases
from benchmarks.stage import HostProcess, Stage, api, workers

KB = 1024
STEPS = (10, 100, 500)
SIZES = (2 * KB, 100 * KB, 1024 * KB)


async def measure_growth(
    stage: Stage,
    *,
    steps: Sequence[int] = STEPS,
    sizes: Sequence[int] = SIZES,
    finished: int = 2_000,
    cycles: int = 80,
) -> dict[str, Any]:
    """Return rows by steps in a case, by size of what each step writes, and by cases that have ended."""
    with api(stage) as (server, address):
        async with workers(stage, count=1, concurrency=8) as working:
            host = [server, *working]
            spans = {
                "steps": [{"steps": count, "size": 2 * KB} for count in steps],
                "sizes": [{"steps": 10, "size": size} for size in sizes],
            }
            walks: dict[str, Any] = {
                name: [
                    {**span, "contender": who} | await _walk(stage, who, address, host=host, span=span)
                    for span in chosen
                    for who in (HOST, OWN)
                ]
                for name, chosen in spans.items()
            }
            return walks | {
                "finished": await _among_finished(stage, address, host=host, count=finished, cycles=cycles)
            }


@dataclass(frozen=True)
class _HostWalk:
    client: Client

    async def cycle(self, input_: dict[str, Any]) -> Timing:
        return await self.client.walk(input_)


async def _walk(
    stage: Stage, who: str, address: str, *, host: list[HostProcess], span: dict[str, int]
) -> dict[str, Any]:
    """Put a few cases of this length and weight through and tell what one of their steps took."""
    inputs = [span] * max(1, min(5, 100 // span["steps"]))
    async with Client(address) as client, bare_pool(stage.url, size=1) as pool:
        cycler = _HostWalk(client) if who == HOST else BareWalk(AsyncPostgresSaver(pool))
        await drive([cycler], [{"steps": 3, "size": span["size"]}])
        walked = await measure(stage, [cycler], inputs, host=host)
    taken = span["steps"] * len(inputs)
    cpu = walked.usage.host_cpu if who == HOST else walked.usage.client_cpu
    return {
        "step_ms": round(1000 * walked.seconds / taken, 2),
        "cpu_ms": round(1000 * cpu / taken, 2),
        "postgres_cpu_ms": round(1000 * walked.usage.postgres_cpu / taken, 2),
        "wal_kb": round(walked.usage.wal_bytes / taken / KB, 1),
    }


async def _among_finished(
    stage: Stage, address: str, *, host: list[HostProcess], count: int, cycles: int
) -> list[dict[str, Any]]:
    """Measure cycles before and after `count` copies of a case that has ended are there."""
    rows: list[dict[str, Any]] = []
    async with Client(address) as client:
        (input_,) = cases(1)
        standing = await client.start(input_)
        await client.answer(standing)
    for more in (0, count):
        if more:
            async with stage.database.connection() as connection:
                await copy_case(connection, UUID(standing["id"]), count=more)
        async with contender(HOST, stage.url, address, clients=8) as cyclers:
            await drive(cyclers, cases(16))
            turns = [await measure(stage, cyclers, cases(cycles), host=host) for _ in range(2)]
        rows.append({"finished": more, **summary(turns)})
    return rows
