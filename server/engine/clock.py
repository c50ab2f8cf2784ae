"""The clock of the host: it does what is due, once, by the database's time.

Every worker runs one. Of all that look at the same moment each takes other rows, so there is no leader whose
death would stop the time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import groupby
from operator import attrgetter

import structlog

from server.engine.firing import fire_schedules
from server.engine.interrupts import resume_waits
from server.engine.registry import Registry
from server.errors import Unavailable
from server.failpoints import pass_point
from server.storage.database import Connection, Database
from server.storage.timers import WAIT, Timer, find_seconds_to_next, fire_timers

log = structlog.get_logger()

POLL_S = 1.0  # how late a timer may fire that was set, or whose case came to rest, after the clock looked
BATCH = 500

# What a kind of timer is for. It happens in the transaction that fires the timers, for all of them at once.
Handler = Callable[[Connection, list[Timer]], Awaitable[None]]
HANDLERS: Mapping[str, Handler] = {WAIT: resume_waits}


class Clock:
    """`run` fires what is due until it is cancelled."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    async def run(self) -> None:
        """Sleep from one due time to the next; look each second for what came in between."""
        while True:
            try:
                pause_s = await self._tick()
            except Unavailable:
                pause_s = POLL_S
            except Exception:
                log.exception("clock_failed")
                pause_s = POLL_S
            await asyncio.sleep(pause_s)

    async def _tick(self) -> float:
        while await fire_due(self._database) == BATCH:
            pass
        await fire_schedules(self._database, self._registry)
        async with self._database.connection() as connection:
            seconds = await find_seconds_to_next(connection)
        return POLL_S if seconds is None else min(seconds, POLL_S)


async def fire_due(database: Database) -> int:
    """Fire a batch of due timers and do what they are for, in one transaction; return how many there were."""
    async with database.transaction() as connection:
        timers = await fire_timers(connection, kinds=HANDLERS.keys(), limit=BATCH)
        for kind, group in groupby(sorted(timers, key=attrgetter("kind")), key=attrgetter("kind")):
            await HANDLERS[kind](connection, list(group))
        if timers:
            pass_point("timer_before_commit")
    if timers:
        pass_point("timer_after_commit")
        log.info("timers_fired", count=len(timers))
    return len(timers)
