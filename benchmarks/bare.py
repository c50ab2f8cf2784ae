"""The peer: LangGraph in a loop with the stock saver, without a host.

It accepts nothing, fences nothing, asks nobody and keeps no record; a crash loses the run. What it takes is
what the same work takes at least.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from benchmarks import growing
from benchmarks.client import Timing
from benchmarks.reference import ANSWER, graph


class BareLoop:
    """One slot of the loop: it brings one case after the other from its start to its end."""

    def __init__(self, saver: AsyncPostgresSaver) -> None:
        self._graph = graph.compile(checkpointer=saver)

    async def cycle(self, input_: dict[str, Any]) -> Timing:
        """Run a case to its end."""
        return await cycle(self._graph, input_, thread_id=uuid4())


async def cycle(compiled: Any, input_: dict[str, Any], *, thread_id: UUID) -> Timing:
    """Run to the interrupt, answer, run to the end."""
    config: RunnableConfig = {"configurable": {"thread_id": str(thread_id)}}
    begun = time.perf_counter()
    await compiled.ainvoke(input_, config, durability="sync")
    asked = time.perf_counter()
    ended = await compiled.ainvoke(Command(resume=ANSWER), config, durability="sync")
    if ended["result"] != "bought":
        raise AssertionError(f"the bare loop ended with {ended!r}")
    return Timing(asked - begun, time.perf_counter() - asked)


class BareWalk:
    """One slot of the loop for the growing process."""

    def __init__(self, saver: AsyncPostgresSaver) -> None:
        self._graph = growing.graph.compile(checkpointer=saver)

    async def cycle(self, input_: dict[str, Any]) -> Timing:
        """Run to the end."""
        config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}
        arrived: Any = input_
        begun = time.perf_counter()
        await self._graph.ainvoke(arrived, config, durability="sync")
        return Timing(time.perf_counter() - begun, 0)


@asynccontextmanager
async def bare_slots(url: str, *, count: int, shared: bool) -> AsyncIterator[list[BareLoop]]:
    """Yield slots that share a pool, each with a saver of its own or all with the same one."""
    async with bare_pool(url, size=count) as pool:
        one = AsyncPostgresSaver(pool)
        yield [BareLoop(one if shared else AsyncPostgresSaver(pool)) for _ in range(count)]


@asynccontextmanager
async def bare_pool(url: str, *, size: int) -> AsyncIterator[AsyncConnectionPool[AsyncConnection[DictRow]]]:
    """Yield a pool as the stock saver's documentation has it."""
    kwargs = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(
        url,
        min_size=size,
        max_size=size,
        connection_class=AsyncConnection[DictRow],
        kwargs=kwargs,
        open=False,
    ) as pool:
        yield pool
