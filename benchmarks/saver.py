"""The saver by itself: the bare LangGraph loop on our saver and on the stock one, turn by turn.

Ours pays for its fence: each case has its row, and each run a saver of its own, as in the host.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from benchmarks.bare import bare_slots, cycle
from benchmarks.client import Timing
from benchmarks.cycles import OWN, SHARED, summary
from benchmarks.delay import delayed
from benchmarks.load import Cycler, Slice, drive, measure
from benchmarks.reference import cases, graph
from benchmarks.stage import Stage
from server.storage.database import Database
from server.storage.saver import FencedSaver

FENCED = "bare, our saver"
_COMPILED = graph.compile(name="reference")


class FencedLoop:
    """One slot of the loop, on our saver."""

    def __init__(self, database: Database, case_ids: list[UUID]) -> None:
        self._database = database
        self._case_ids = case_ids

    async def cycle(self, input_: dict[str, Any]) -> Timing:
        """Run the next case that has its row to its end."""
        case_id = self._case_ids.pop()
        saver = FencedSaver(self._database, case_id=case_id, attempt=0)
        return await cycle(_COMPILED.copy(update={"checkpointer": saver}), input_, thread_id=case_id)


async def measure_savers(
    stage: Stage,
    *,
    rounds: int,
    cycles: int,
    delays_ms: Sequence[float] = (0, 2),
    client_counts: Sequence[int] = (1, 8, 32),
) -> list[dict[str, Any]]:
    """Return a row for each delay of a round trip, number of clients, and saver."""
    rows: list[dict[str, Any]] = []
    for delay_ms in delays_ms:
        with delayed(stage.url, delay_ms=delay_ms) as url:
            for clients in client_counts:
                slices: dict[str, list[Slice]] = {OWN: [], SHARED: [], FENCED: []}
                for turn in range(rounds * len(slices)):
                    name = list(slices)[turn % len(slices)]
                    count = cycles // 4 if clients == 1 else cycles
                    slices[name].append(await _turn(stage, url, name, clients=clients, cycles=count))
                rows += [
                    {"delay_ms": delay_ms, "clients": clients, "contender": name, **summary(turns)}
                    for name, turns in slices.items()
                ]
    return rows


async def _turn(stage: Stage, url: str, name: str, *, clients: int, cycles: int) -> Slice:
    """Let one contender warm up and work."""
    async with _contender(name, url, clients=clients, cycles=2 * clients + cycles) as slots:
        await drive(slots, cases(2 * clients))
        return await measure(stage, slots, cases(cycles), host=[])


@asynccontextmanager
async def _contender(name: str, url: str, *, clients: int, cycles: int) -> AsyncIterator[Sequence[Cycler]]:
    if name != FENCED:
        async with bare_slots(url, count=clients, shared=name == SHARED) as slots:
            yield slots
        return
    async with Database(url, size=clients + 2) as database:
        case_ids = await _new_cases(database, cycles)
        yield [FencedLoop(database, case_ids) for _ in range(clients)]


async def _new_cases(database: Database, count: int) -> list[UUID]:
    async with database.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO cases (id, process, input, started_by)"
            " SELECT gen_random_uuid(), 'reference', '{}', 'bench' FROM generate_series(1, %s) RETURNING id",
            (count,),
        )
        return [row["id"] for row in await rows.fetchall()]
