"""Commands that run the host itself: serve, work, migrate."""

import asyncio
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from server.app import create_app
from server.cli.bundled_erp import bundled_erp
from server.engine.registry import load_registry
from server.engine.store import DocumentStore
from server.engine.worker import Worker
from server.errors import StartRefused
from server.identity.actors import check_exposure
from server.log import configure_logging
from server.settings import Settings
from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.migrate import migrate as apply_migrations
from tools import close as close_tools


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: a signal must stop the worker too, and in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    files: Annotated[list[Path] | None, typer.Argument(help="With --demo: files to put through.")] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    dev: Annotated[
        bool, typer.Option("--dev", help="No identities: for one developer, on loopback.")
    ] = False,
    worker: Annotated[bool, typer.Option(help="Work in this process too.")] = True,
    demo: Annotated[
        bool, typer.Option("--demo", help="Put sample invoices through and show what became of them.")
    ] = False,
) -> None:
    """Serve the API and, unless told otherwise, work on cases in the same process."""
    settings = Settings()
    address = (host or settings.host, settings.port if port is None else port)
    check_exposure(address[0], dev=dev)
    configure_logging(json=settings.log_json, level="WARNING" if demo else settings.log_level)
    with _listening(address) as listener, _database_url(settings) as url, bundled_erp(settings, wanted=dev):
        shown = f"http://{address[0]}:{listener.getsockname()[1]}"
        on_ready = (
            _demonstrate(shown, files or []) if demo else lambda: typer.echo(f"serving on {shown}", err=True)
        )
        asyncio.run(_serve(settings, url, listener=listener, work_too=worker, on_ready=on_ready))


def work() -> None:
    """Work on cases, without an API, until stopped."""
    settings = Settings()
    configure_logging(json=settings.log_json, level=settings.log_level)
    with _database_url(settings) as url:
        asyncio.run(_work(settings, url))


def migrate() -> None:
    """Bring the database to the schema of this version."""
    settings = Settings()
    with _database_url(settings) as url:
        applied = asyncio.run(_migrate(url))
    typer.echo(f"applied: {', '.join(applied)}" if applied else "the database is up to date")


@contextmanager
def _database_url(settings: Settings) -> Iterator[str]:
    """Yield the database to use: the configured one, else the private one, alive while somebody uses it."""
    if settings.database_url:
        yield settings.database_url
        return
    postgres = EmbeddedPostgres(settings.data / "postgres")
    try:
        yield postgres.start()
    finally:
        postgres.stop()


@contextmanager
def _listening(address: tuple[str, int]) -> Iterator[socket.socket]:
    """Take the port before anything else starts, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise StartRefused(f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from error
        yield listener


async def _serve(
    settings: Settings, url: str, *, listener: socket.socket, work_too: bool, on_ready: Callable[[], None]
) -> None:
    await _migrate(url)
    app = create_app(settings, database_url=url)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10))
    stopping = _stop_event()
    async with _working(settings, url, stopping=stopping) if work_too else nullcontext():
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        announcing = asyncio.create_task(_announce(server, on_ready))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        server.should_exit = True
        announcing.cancel()
        await serving


async def _announce(server: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110  uvicorn offers nothing to wait for
        await asyncio.sleep(0.02)
    on_ready()


async def _work(settings: Settings, url: str) -> None:
    await _migrate(url)
    stopping = _stop_event()
    async with _working(settings, url, stopping=stopping):
        await stopping.wait()


@asynccontextmanager
async def _working(settings: Settings, url: str, *, stopping: asyncio.Event) -> AsyncIterator[None]:
    """Run a worker while the body runs; when the worker fails, so does the whole process."""
    async with Database(url) as database:
        registry = load_registry(store=DocumentStore(database))
        worker = asyncio.create_task(Worker(database, registry, concurrency=settings.concurrency).run())
        worker.add_done_callback(lambda _: stopping.set())
        try:
            yield
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
            await close_tools()


async def _migrate(url: str) -> list[str]:
    async with Database(url, size=2) as database:
        return await apply_migrations(database)


def _stop_event() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _demonstrate(url: str, files: list[Path]) -> Callable[[], None]:
    from server.cli.demo import run_demo

    def start() -> None:
        # A daemon thread: Ctrl-C ends the demonstration with the host.
        threading.Thread(target=run_demo, args=(url, files), daemon=True).start()

    return start
