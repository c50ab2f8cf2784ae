"""The queue from outside: what may be under way, and when a start is refused because too much waits."""

import asyncio

from server.engine.limits import Admission
from server.engine.registry import Registry
from server.errors import QueueFull
from server.storage.admission import AdmissionLimit, count_queue
from server.storage.database import Database

COUNT_EVERY_S = 1.0


def admission_limits(registry: Registry) -> list[AdmissionLimit]:
    """List the limits of every process and tenant as the database keeps them."""
    limits: dict[tuple[str, str], Admission] = {
        ("process", process.name): registry.limits.of(process.name) for process in registry
    }
    limits |= {("tenant", name): admission for name, admission in registry.limits.tenants.items()}
    return [
        AdmissionLimit(scope, name, limit.concurrency, limit.starts_per_minute)
        for (scope, name), limit in limits.items()
    ]


class Backlog:
    """Counts each process's queue once a second, and refuses starts while it is full."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._counted: dict[str, tuple[float, int]] = {}

    async def check(self, process: str) -> None:
        """Let a start of the process pass.

        Raises:
            QueueFull: as many runs wait as may; the caller should come back later.
        """
        most = self._registry.limits.of(process).queue
        if await self._count(process, most=most) >= most:
            raise QueueFull(f"{most} runs of {process} wait already")

    async def _count(self, process: str, *, most: int) -> int:
        now = asyncio.get_running_loop().time()
        at, count = self._counted.get(process, (-COUNT_EVERY_S, 0))
        if now - at < COUNT_EVERY_S:
            return count
        async with self._database.transaction() as connection:
            count = await count_queue(connection, process=process, most=most)
        self._counted[process] = (now, count)
        return count
