"""A worker: takes runs from the queue, shows that it lives, and takes over from those that died."""

import asyncio
import os
import socket
from contextlib import suppress
from uuid import UUID

import procrastinate
import structlog

from server.engine.registry import Registry
from server.engine.runner import Runner
from server.errors import Unavailable
from server.storage.database import Connection, Database, translated
from server.storage.runs import QUEUE, TASK, delete_orphan_jobs, lost_runs, requeue_run
from server.storage.workers import LOCK_CLASS, register_worker

log = structlog.get_logger()

TAKEOVER_EVERY_S = 1.0
RETRY_DATABASE_S = 1.0
DRAIN_S = 30.0


class Worker:
    """`run` works until it is cancelled; then the runs under way stop at their next step and are put back."""

    def __init__(self, database: Database, registry: Registry, *, concurrency: int) -> None:
        self._database = database
        self._runner = Runner(database, registry)
        self._concurrency = concurrency
        self._number: int | None = None
        self._alive = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled, through restarts of the database."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._show_life())
            group.create_task(self._take_over())
            group.create_task(self._consume())

    async def _consume(self) -> None:
        await self._alive.wait()
        while True:
            try:
                await self._consume_until_cut_off()
            except procrastinate.exceptions.ConnectorException:
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
                    queues=[QUEUE],
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
                with suppress(asyncio.CancelledError):
                    await consuming
                raise

    async def _run(self, run_id: str) -> None:
        await self._alive.wait()
        if self._number is None:
            raise AssertionError("a worker that is alive has a number")
        await self._runner.run(UUID(run_id), worker=self._number)

    async def _show_life(self) -> None:
        """Hold the advisory lock of a worker number; with a new connection comes a new number."""
        while True:
            with suppress(Unavailable):
                async with translated(), await self._database.connect() as connection:
                    self._number = await register_worker(connection, f"{socket.gethostname()}:{os.getpid()}")
                    self._alive.set()
                    await _until_lost(connection)
            self._alive.clear()
            log.warning("worker_lost_its_lock", worker=self._number)
            await asyncio.sleep(RETRY_DATABASE_S)

    async def _take_over(self) -> None:
        """Put back runs whose worker died, every second, on every worker: the claim lets one of them in."""
        while True:
            with suppress(Unavailable):
                async with self._database.transaction() as connection:
                    for run_id, job_id in await lost_runs(connection, lock_class=LOCK_CLASS):
                        if await requeue_run(connection, run_id, job_id=job_id):
                            log.warning("run_taken_over", run_id=str(run_id))
                    await delete_orphan_jobs(connection)
            await asyncio.sleep(TAKEOVER_EVERY_S)


async def _until_lost(connection: Connection) -> None:
    """Return (by raising) when the connection no longer answers."""
    while True:
        await asyncio.sleep(TAKEOVER_EVERY_S)
        await connection.execute("SELECT 1")
