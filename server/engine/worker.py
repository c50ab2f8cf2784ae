"""A worker: takes runs from the queue, keeps the clock, shows that it lives, takes over from the dead."""

import asyncio
import os
import socket
from contextlib import suppress
from uuid import UUID

import procrastinate
import structlog

from server.engine.adoption import adopt_stranded
from server.engine.clock import Clock
from server.engine.registry import Registry
from server.engine.runner import Runner
from server.errors import Unavailable
from server.storage.database import Connection, Database, translated
from server.storage.runs import TASK, delete_orphan_jobs, lost_runs, requeue_run, stray_runs
from server.storage.versions import list_queues, save_versions
from server.storage.workers import register_worker, renew_lease

log = structlog.get_logger()

TAKEOVER_EVERY_S = 1.0
RETRY_DATABASE_S = 1.0
ADOPT_EVERY_S = 2.0
DRAIN_S = 30.0


class Worker:
    """`run` works until it is cancelled; then the runs under way stop at their next step and are put back."""

    def __init__(self, database: Database, registry: Registry, *, concurrency: int) -> None:
        self._database = database
        self._registry = registry
        self._runner = Runner(database, registry)
        self._clock = Clock(database)
        self._concurrency = concurrency
        self.number: int | None = None
        self._queues: list[str] = []
        self._alive = asyncio.Event()
        self._executing: set[UUID] = set()

    async def run(self) -> None:
        """Work until cancelled, through restarts of the database.

        The signs of life end last: until then nobody takes over a run that still drains.
        """
        async with asyncio.TaskGroup() as group:
            signs = [group.create_task(duty()) for duty in (self._show_life, self._take_over, self._adopt)]
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
        queue = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=self._database.url, max_size=4)
        )
        queue.task(name=TASK)(self._run)
        async with queue.open_async():
            consuming = asyncio.create_task(
                queue.run_worker_async(
                    queues=self._queues,
                    concurrency=self._concurrency,
                    delete_jobs="always",  # the runs table is the history
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

    async def _run(self, run_id: str) -> None:
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
                    self._alive.set()
                    await _until_lost(connection, self.number)
            self._alive.clear()
            log.warning("worker_lost_its_lock", worker=self.number)
            await asyncio.sleep(RETRY_DATABASE_S)

    async def _take_over(self) -> None:
        """Put back runs whose worker died, every second, on every worker: the claim lets one of them in."""
        while True:
            with suppress(Unavailable):
                async with self._database.transaction() as connection:
                    for run_id, job_id in await self._abandoned_runs(connection):
                        if await requeue_run(connection, run_id, job_id=job_id, lost=True):
                            log.warning("run_taken_over", run_id=str(run_id))
                    await delete_orphan_jobs(connection)
            await asyncio.sleep(TAKEOVER_EVERY_S)

    async def _adopt(self) -> None:
        """Decide over runs whose version is gone; see `server.engine.adoption`."""
        while True:
            with suppress(Unavailable):
                await adopt_stranded(self._database, self._registry)
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _abandoned_runs(self, connection: Connection) -> list[tuple[UUID, int]]:
        lost = await lost_runs(connection)
        if self.number is None:
            return lost
        return lost + await stray_runs(connection, worker=self.number, executing=self._executing)


async def _until_lost(connection: Connection, number: int) -> None:
    """Renew the lease until the connection no longer answers, which raises."""
    while True:
        await asyncio.sleep(TAKEOVER_EVERY_S)
        await renew_lease(connection, number)
