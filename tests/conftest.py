"""What tests share: one PostgreSQL for the session, a database of its own for each test, a running host."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
import structlog

from server.storage.database import Database
from server.storage.embedded import EmbeddedPostgres
from server.storage.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
SHARED_INVOICES = Path(os.environ.get("STEWARD_SHARED_DATA", ROOT.parent / "shared" / "data")) / "invoices"

# Unconfigured, structlog prints the locals of every frame of an exception, which takes seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server where tests may create databases: the one of DATABASE_URL, else a private one."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    yield postgres.start()
    postgres.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with the present schema, to be copied."""
    import asyncio

    with created_database(postgres_url) as (name, url):
        asyncio.run(_migrate(url))
        yield name


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    with created_database(postgres_url) as (_, url):
        yield url


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with created_database(postgres_url, template=migrated_template) as (_, url):
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def server_url(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with worker and ERP, on data of its own, for all tests of a module."""
    with (
        created_database(postgres_url) as (_, url),
        running_host(url, tmp_path_factory.mktemp("host")) as address,
    ):
        yield address


class running_host:  # noqa: N801  used like a function
    """Start `serve` in a process of its own; the value is its address. `process` may be killed."""

    def __init__(self, database_url: str, data: Path, *arguments: str, port: int = 0) -> None:
        self._environment = os.environ | {"DATABASE_URL": database_url, "STEWARD_DATA": str(data)}
        self._environment.pop("ERP_URL", None)
        self._log = data / "host.log"
        self._arguments = [sys.executable, "-m", "server", "serve", "--dev", "--port", str(port), *arguments]
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> str:
        with self._log.open("ab") as log:
            start = log.tell()
            self.process = subprocess.Popen(
                self._arguments, cwd=ROOT, env=self._environment, stderr=log, stdout=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            text = self._log.read_bytes()[start:].decode()
            if "serving on " in text:
                address = text.partition("serving on ")[2].split()[0]
                httpx.get(f"{address}/healthz", timeout=10).raise_for_status()
                return address
            time.sleep(0.05)
        raise AssertionError(f"the host did not start:\n{self._log.read_text()[-4000:]}")

    def __exit__(self, *exc: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the host did not stop:\n{self._log.read_text()[-4000:]}") from None


class created_database:  # noqa: N801  used like a function
    """Create a database and drop it afterwards; the value is its name and its URL."""

    def __init__(self, server: str, *, template: str = "template1") -> None:
        self._server = server
        self._template = template
        self._name = f"test_{secrets.token_hex(6)}"

    def __enter__(self) -> tuple[str, str]:
        self._execute(f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}"')
        parts = urlsplit(self._server)
        return self._name, urlunsplit(parts._replace(path=f"/{self._name}"))

    def __exit__(self, *exc: object) -> None:
        self._execute(f'DROP DATABASE "{self._name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


async def _migrate(url: str) -> None:
    async with Database(url, size=2) as database:
        await migrate(database)
