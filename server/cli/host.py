"""Commands that run the host itself: serve, work, migrate.

What they run is imported only when they run: the commands of a client must start at once.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from server.cli.demo import run_demo
from server.identity.actors import check_exposure
from server.log import configure_logging
from server.settings import load_settings


def serve(
    files: Annotated[list[Path] | None, typer.Argument(help="With --demo: files to put through.")] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    dev: Annotated[
        bool, typer.Option("--dev", help="No identities: for one developer, on loopback.")
    ] = False,
    worker: Annotated[bool, typer.Option(help="Work in this process too.")] = True,
    demo: Annotated[
        bool, typer.Option("--demo", help="Put sample invoices through and show what became of them.")
    ] = False,
) -> None:
    """Serve the API and, unless told otherwise, work on cases in the same process."""
    given = {"host": host, "port": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    check_exposure(settings.host, dev=dev)
    configure_logging(json=settings.log_json, level="WARNING" if demo else settings.log_level)
    from server.hosting import run_server

    run_server(
        settings, with_worker=worker, with_erp=dev, on_ready=_demonstrate(files or []) if demo else _announce
    )


def work() -> None:
    """Work on cases, without an API, until stopped."""
    settings = load_settings()
    configure_logging(json=settings.log_json, level=settings.log_level)
    from server.hosting import run_worker

    run_worker(settings)


def migrate() -> None:
    """Bring the database to the schema of this version."""
    settings = load_settings()
    from server.hosting import run_migrations

    applied = run_migrations(settings)
    typer.echo(f"applied: {', '.join(applied)}" if applied else "the database is up to date")


def _announce(address: str) -> None:
    typer.echo(f"serving on {address}", err=True)


def _demonstrate(files: list[Path]) -> Callable[[str], None]:
    def start(address: str) -> None:
        # A daemon thread: Ctrl-C ends the demonstration with the host.
        threading.Thread(target=run_demo, args=(address, files), daemon=True).start()

    return start
