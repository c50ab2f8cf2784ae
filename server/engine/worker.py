"""A worker: takes runs from the queue, keeps the clock, shows that it lives, takes over from the dead."""

import asyncio
import os
import socket
from contextlib import nullcontext, suppress
from uuid import UUID

import procrastinate
import structlog

from server.engine.adoption import adopt_stranded
from server.engine.backlog import admission_limits
from server.engine.case_migrations import carry_out
from server.engine.clock import Clock
from server.engine.jobs import ClaimedJobs
from server.engine.registry import Registry
from server.engine.runner import Runner
from server.engine.takeover import take_over
from server.errors import Unavailable
from server.storage.admission import CHANNEL, TASK, admit_due, set_limits
from server.storage.database import Connection, Database, translated
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

    def __init__(self, database: Database, registry: Registry, *, concurrency: int) -> None:
        self._database = database
        self._registry = registry
        self._runner = Runner(database, registry)
        self._clock = Clock(database, registry)
        self._concurrency = concurrency
        self.number: int | None = None
        self._queues: list[str] = []
        self._alive = asyncio.Event()
        self._look = asyncio.Event()
        self._suspects = asyncio.Lock()
        self._executing: set[UUID] = set()

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
        await self._alive.wait()
        while True:
            try:
                async with translated():
                    await self._consume_until_cut_off()
            except (procrastinate.exceptions.ConnectorException, Unavailable):
                log.warning("queue_unreachable")
            await asyncio.sleep(RETRY_DATABASE_S)

    async def _consume_until_cut_off(self) -> None:
        queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
        queue.job_manager = ClaimedJobs(queue.connector)
        queue.task(name=TASK)(self._run)
        async with queue.open_async(self._database.pool):
            consuming = asyncio.create_task(
                queue.run_worker_async(
                    queues=self._queues,
                    concurrency=self._concurrency,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=DRAIN_S,
                )
            )
            try:
                await asyncio.shield(consuming)
            except asyncio.CancelledError:
                self._runner.drain()
                consuming.cancel()
                with suppress(asyncio.CancelledError, procrastinate.exceptions.ConnectorException):
                    await consuming
                raise

    async def _run(self, run_id: str, suspect: bool = False) -> None:
        """Execute a run. Suspects go one at a time, so that none dies of another's fault twice."""
        async with self._suspects if suspect else nullcontext():
            await self._alive.wait()
            if self.number is None:
                raise AssertionError("a worker that is alive has a number")
            run = UUID(run_id)
            self._executing.add(run)  # before the claim: a run of ours that is not here counts as stray
            try:
                await self._runner.run(run, worker=self.number)
            finally:
                self._executing.discard(run)

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
        """Renew the lease, and hear of places that become free, until the connection no longer answers."""
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            deadline = asyncio.get_running_loop().time() + LOOK_EVERY_S
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                async for _ in connection.notifies(timeout=left, stop_after=1):
                    self._look.set()
            await renew_lease(connection, number)

    async def _admit(self) -> None:
        """Admit runs that waited for a place or a time, whenever told of one, and every second."""
        while True:
            self._look.clear()
            with suppress(Unavailable):
                async with self._database.transaction() as connection:
                    await admit_due(connection)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK_EVERY_S)

    async def _take_over(self) -> None:
        """Put back runs whose worker died, every second, on every worker: the claim lets one of them in."""
        while True:
            with suppress(Unavailable):
                limits, executing = self._registry.limits, self._executing
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
