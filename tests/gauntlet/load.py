"""Load: as many cases under way as are wanted, and a new one for each that came to rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from driver import System
from stage import Stage

LOOK_S = 0.1


@asynccontextmanager
async def loaded(
    stage: Stage, *, active: int, system: System | None = None, review: bool | None = None
) -> AsyncIterator[None]:
    """Keep `active` cases running, and their reviews answered, while the body runs."""
    tasks = [
        asyncio.create_task(_keep_active(stage, active, system=system, review=review)),
        asyncio.create_task(stage.driver.keep_answering()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _keep_active(stage: Stage, active: int, *, system: System | None, review: bool | None) -> None:
    while True:
        missing = active - await _active(stage)
        starts = [stage.driver.start(stage.driver.order(system, review=review)) for _ in range(missing)]
        await asyncio.gather(*starts)
        await asyncio.sleep(LOOK_S)


async def _active(stage: Stage) -> int:
    try:
        return await stage.active()
    except psycopg.OperationalError:  # the database is away
        return 0
