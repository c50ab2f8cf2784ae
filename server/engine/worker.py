"""A worker: takes runs from the queue, keeps the clock, shows that it lives, takes over from the dead."""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import structlog

from server.engine.adoption import adopt_stranded
from server.engine.backlog import admission_limits
from server.engine.case_migrations import carry_out
from server.engine.clock import Clock
from server.engine.registry import Registry
from server.engine.runner import Runner
from server.engine.takeover import take_over
from server.errors import Unavailable
from server.policies.loading import Policies
from server.storage.admission import CHANNEL, admit_due, set_limits
from server.storage.database import Connection, Database, translated
from server.storage.runs import QUEUE_CHANNEL, Ready, ready_runs
from server.storage.versions import list_queues, save_versions
from server.storage.workers import register_worker, renew_lease

log = structlog.get_logger()

HALT_EVERY_S = 0.5
LOOK_EVERY_S = 1.0
RETRY_DATABASE_S = 1.0
ADOPT_EVERY_S = 2.0
DRAIN_S = 30.0


class Worker:
    """`run` works until it is cancelled; then the runs under way stop at their next step and are put back."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        *,
        concurrency: int,
        own_policies: Path | None = None,
        policies: Policies | None = None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._runner = Runner(database, registry, own_policies=own_policies, policies=policies)
        self._clock = Clock(database, registry)
        self._concurrency = concurrency
        self.number: int | None = None
        self._queues: list[str] = []
        self._alive = asyncio.Event()
        self._look = asyncio.Event()
        self._wake = asyncio.Event()
        self._executing: dict[UUID, asyncio.Task[None]] = {}
        self._alone = False

    async def run(self) -> None:
        """Work until cancelled, through restarts of the database.

        The signs of life end last: until then nobody takes over a run that still drains.
        """
        async with asyncio.TaskGroup() as group:
            duties = (self._show_life, self._take_over, self._admit, self._adopt, self._move, self._halt)
            signs = [group.create_task(duty()) for duty in duties]
            clock = group.create_task(self._clock.run())
            try:
                await self._consume()
            finally:
                for task in [*signs, clock]:
                    task.cancel()

    async def _consume(self) -> None:
        """Begin runs from the queue while there are places; when cancelled, drain those under way."""
        try:
            while True:
                await self._alive.wait()
                self._wake.clear()
                await self._begin_ready()
                with suppress(TimeoutError):
                    # Not wait_for: before Python 3.12 it loses a cancellation that comes with the result.
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()
        except asyncio.CancelledError:
            self._runner.drain()
            if self._executing:
                await asyncio.wait(self._executing.values(), timeout=DRAIN_S)
            for task in self._executing.values():
                task.cancel()
            raise

    async def _begin_ready(self) -> None:
        """Begin what the queue holds, as far as there are places.

        A suspect runs alone: what comes before it ends first, and what comes after it waits. So a worker that
        dies over a suspect shows whose fault it was.
        """
        places = self._concurrency - len(self._executing)
        if places <= 0 or self._alone:
            return
        try:
            async with self._database.connection() as connection:
                found = await ready_runs(
                    connection, queues=self._queues, limit=places, except_=self._executing.keys()
                )
        except Unavailable:
            log.warning("queue_unreachable")
            return
        for run in found:
            if run.suspect and self._executing:
                break
            self._begin(run)
            if run.suspect:
                break

    def _begin(self, run: Ready) -> None:
        self._alone = run.suspect
        task = asyncio.create_task(self._execute(run.id))
        self._executing[run.id] = task  # before the claim: a run of ours that is not here counts as stray
        task.add_done_callback(lambda _: self._end(run.id))

    async def _execute(self, run_id: UUID) -> None:
        if self.number is None:
            raise AssertionError("a worker that is alive has a number")
        try:
            await self._runner.run(run_id, worker=self.number)
        except Unavailable:
            log.warning("run_not_claimed", run_id=str(run_id))
        except Exception:
            log.exception("run_left", run_id=str(run_id))

    def _end(self, run_id: UUID) -> None:
        del self._executing[run_id]
        self._alone = False
        self._wake.set()

    async def _show_life(self) -> None:
        """Hold the advisory lock of a worker number; with a new connection comes a new number."""
        while True:
            with suppress(Unavailable):
                async with translated(), await self._database.connect() as connection:
                    await save_versions(connection, self._registry)
                    self._queues = await list_queues(connection, self._registry)
                    self.number = await register_worker(
                        connection, f"{socket.gethostname()}:{os.getpid()}", serves=self._queues
                    )
                    await set_limits(connection, admission_limits(self._registry))
                    self._alive.set()
                    await self._until_lost(connection, self.number)
            self._alive.clear()
            log.warning("worker_lost_its_lock", worker=self.number)
            await asyncio.sleep(RETRY_DATABASE_S)

    async def _until_lost(self, connection: Connection, number: int) -> None:
        """Renew the lease, and hear of ready runs and free places, until the connection no longer answers."""
        woken = {QUEUE_CHANNEL: self._wake, CHANNEL: self._look}
        for channel in woken:
            await connection.execute(f"LISTEN {channel}")
        while True:
            deadline = asyncio.get_running_loop().time() + LOOK_EVERY_S
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                async for notice in connection.notifies(timeout=left, stop_after=1):
                    woken[notice.channel].set()
            await renew_lease(connection, number)

    async def _admit(self) -> None:
        """Admit runs that waited for a place or a time, whenever told of one, and every second."""
        while True:
            self._look.clear()
            with suppress(Unavailable):
                async with self._database.transaction() as connection:
                    await admit_due(connection)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look.wait()

    async def _take_over(self) -> None:
        """Put back runs whose worker died, every second, on every worker: the claim lets one of them in."""
        while True:
            with suppress(Unavailable):
                limits, executing = self._registry.limits, self._executing.keys()
                await take_over(self._database, limits, worker=self.number, executing=executing)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _halt(self) -> None:
        """Let what must not go on end after its present step."""
        while True:
            with suppress(Unavailable):
                await self._runner.halt()
            await asyncio.sleep(HALT_EVERY_S)

    async def _move(self) -> None:
        """Carry out migrations of cases to the versions that are here."""
        while True:
            with suppress(Unavailable):
                await carry_out(self._database, self._registry)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _adopt(self) -> None:
        """Decide over runs whose version is gone; see `server.engine.adoption`."""
        while True:
            with suppress(Unavailable):
                await adopt_stranded(self._database, self._registry)
            await asyncio.sleep(ADOPT_EVERY_S)
