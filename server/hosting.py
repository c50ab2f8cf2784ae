"""Running the host: the database, the API and the worker of one process, from start to orderly end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any

import structlog
import uvicorn
import uvloop

from server.app import create_app
from server.bundled_erp import bundled_erp
from server.engine.check import Report, check_approvals, check_cases
from server.engine.duties import Duties
from server.engine.quotas import Quotas
from server.engine.reconciliation import Reconciliation, reconcile
from server.engine.registry import load_registry
from server.engine.retention import keep_pruning
from server.engine.store import DocumentStore
from server.engine.threads import StepThreads
from server.engine.watchdog import watched_loop
from server.engine.worker import DRAIN_S, Worker
from server.errors import NotFound, StartRefused
from server.policies.loading import Policies
from server.settings import Settings
from server.storage.database import Database, check_address
from server.storage.decisions import save_tables
from server.storage.embedded import EmbeddedPostgres
from server.storage.migrate import migrate
from tools import ToolError
from tools import close as close_tools
from tools.credentials.assertions import public_keys
from tools.registry import ServerEntry, our_servers

log = structlog.get_logger()

STOP_S = DRAIN_S + 10
FAREWELL_S = 0.3


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: a signal must stop the worker too, and in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_server(
    settings: Settings, *, with_worker: bool, with_erp: bool, on_ready: Callable[[str], None]
) -> None:
    """Serve the API, and work too if told so, until SIGINT or SIGTERM; `on_ready` gets the address.

    Raises:
        StartRefused: the port is taken, or the database or the bundled ERP does not start.
    """
    threads = StepThreads(settings.concurrency)
    with (
        _ending(threads),
        listening((settings.host, settings.port)) as listener,
        _database_url(settings) as url,
        bundled_erp(settings) if with_erp else nullcontext(),
    ):
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        _run(
            _serve(
                settings,
                url,
                listener=listener,
                threads=threads if with_worker else None,
                on_ready=lambda: on_ready(address),
            )
        )


def run_worker(settings: Settings) -> None:
    """Work on cases until SIGINT or SIGTERM."""
    threads = StepThreads(settings.concurrency)
    with _ending(threads), _database_url(settings) as url:
        _run(_work(settings, url, threads=threads))


def run_migrations(settings: Settings) -> list[str]:
    """Bring the database to this version's schema and return the files applied."""
    with _database_url(settings) as url:
        return asyncio.run(_migrate(url))


def run_check(settings: Settings) -> Report:
    """Say which unfinished cases this checkout cannot continue, and which tools nobody may call in it."""
    unapproved = check_approvals(our_servers().values())
    with _database_url(settings) as url:
        return asyncio.run(_check(settings, url)).model_copy(update={"unapproved": unapproved})


def run_reconciliation(settings: Settings, *, server: str | None, since: datetime | None) -> Reconciliation:
    """Compare the ledger with one tool server, or with all of them.

    Raises:
        NotFound: servers.toml has no such server.
    """
    servers = our_servers()
    if server is not None and server not in servers:
        raise NotFound(f"there is no server {server!r} in servers.toml")
    entries = [servers[server]] if server else list(servers.values())
    with _database_url(settings) as url:
        return asyncio.run(_reconcile(url, entries, since=since))


def _run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, which does for less what asyncio's own event loop does."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@contextmanager
def _ending(threads: StepThreads) -> Iterator[None]:
    """End the process in spite of lost threads, for which Python itself would wait for ever.

    Whoever supervises it starts it again when it fails, and it failed when it stopped because of them.
    """
    try:
        yield
    finally:
        if threads.lost():
            log.warning("ended_with_lost_threads", worn_out=threads.worn_out)
            os._exit(int(threads.worn_out or sys.exc_info()[0] is not None))


@contextmanager
def _database_url(settings: Settings) -> Iterator[str]:
    """Yield the database to use: the configured one, else the private one, alive while somebody uses it."""
    if settings.database_url:
        url = settings.database_url.get_secret_value()
        check_address(url)
        yield url
        return
    postgres = EmbeddedPostgres(settings.data / "postgres")
    try:
        yield postgres.start()
    finally:
        postgres.stop()


@contextmanager
def listening(address: tuple[str, int]) -> Iterator[socket.socket]:
    """Take the port before anything else starts, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it an answer is 40 ms late.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise StartRefused(f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from error
        yield listener


async def _serve(
    settings: Settings,
    url: str,
    *,
    listener: socket.socket,
    threads: StepThreads | None,
    on_ready: Callable[[], None],
) -> None:
    await _prepare(settings, url)
    app = create_app(settings, database_url=url)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10))
    stopping = _stop_event()
    async with _working(settings, url, threads=threads, stopping=stopping) if threads else _only_serving():
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        announcing = asyncio.create_task(_announce(server, on_ready))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if server.started:
            app.state.stopping = True
            app.state.host.watch.release()
            for listening_server in server.servers:
                listening_server.close()
            await asyncio.sleep(FAREWELL_S)  # who is connected is answered, and learns that this was the last
        server.should_exit = True
        announcing.cancel()
        await serving


async def _announce(server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110  uvicorn offers nothing to wait for
        await asyncio.sleep(0.02)
    on_ready()


async def _work(settings: Settings, url: str, *, threads: StepThreads) -> None:
    await _prepare(settings, url)
    stopping = _stop_event()
    async with _working(settings, url, threads=threads, stopping=stopping):
        await stopping.wait()


@asynccontextmanager
async def _working(
    settings: Settings, url: str, *, threads: StepThreads, stopping: asyncio.Event
) -> AsyncIterator[None]:
    """Run a worker while the body runs; when the worker fails, so does the whole process.

    It also ends, in order, when too many threads are lost, and at once when its event loop hangs.
    """
    asyncio.get_running_loop().set_default_executor(threads)
    # A run needs a connection now and then, for its ledger or its end; the checkpoints of all share one.
    async with Database(url, size=settings.concurrency + 4, plan_once=True) as database:
        registry = load_registry(
            settings.processes, store=DocumentStore(database), own_limits=settings.limits
        )
        async with watched_loop():
            worker = asyncio.create_task(
                Worker(
                    database, registry, concurrency=settings.concurrency, own_policies=settings.policies
                ).run()
            )
            wearing = asyncio.create_task(threads.until_worn_out())
            pruning = asyncio.create_task(
                keep_pruning(
                    database,
                    ended_days=settings.keep_checkpoints_days,
                    waiting_days=settings.keep_waiting_steps_days,
                )
            )
            for task in (worker, wearing):
                task.add_done_callback(lambda _: stopping.set())
            try:
                yield
            finally:
                wearing.cancel()
                pruning.cancel()
                await _stop(worker)
                await close_tools()


@asynccontextmanager
async def _only_serving() -> AsyncIterator[None]:
    """Close the sessions with tool servers, which the API asks too, where no worker does."""
    try:
        yield
    finally:
        await close_tools()


async def _stop(worker: asyncio.Task[None]) -> None:
    """Let the worker drain. One that does not end, for the database says nothing, ends with the process."""
    worker.cancel()
    done, _ = await asyncio.wait({worker}, timeout=STOP_S)
    if not done:
        log.error("worker_did_not_stop", after_s=STOP_S)
        os._exit(1)
    with suppress(asyncio.CancelledError):
        await worker


async def _check(settings: Settings, url: str) -> Report:
    registry = load_registry(settings.processes, own_limits=settings.limits)
    async with Database(url, size=2) as database:
        return await check_cases(database, registry)


async def _reconcile(url: str, entries: list[ServerEntry], *, since: datetime | None) -> Reconciliation:
    async with Database(url, size=2) as database:
        try:
            return await reconcile(database, entries, since=since)
        finally:
            await close_tools()


async def _prepare(settings: Settings, url: str) -> None:
    """Bring the database to this version, and keep the tables that its cases will decide by.

    Raises:
        StartRefused: the processes or the policies cannot be used, a table contradicts one of its version, or
            there is no key where one should be.
    """
    try:
        public_keys()
    except ToolError as error:
        raise StartRefused(str(error)) from error
    for policies in (Policies, Quotas, Duties):
        policies(settings.policies)
    await _migrate(url)
    registry = load_registry(settings.processes, own_limits=settings.limits)
    async with Database(url, size=2) as database, database.transaction() as connection:
        await save_tables(connection, registry.tables)


async def _migrate(url: str) -> list[str]:
    async with Database(url, size=2) as database:
        return await migrate(database)


def _stop_event() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set; a second signal ends the process at once."""
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping
