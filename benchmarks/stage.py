"""What a benchmark runs on: a private PostgreSQL, a fresh database, and the host as processes of its own."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

from benchmarks.usage import Usage, read_usage
from server.storage.database import Database
from server.storage.embedded import DATABASE, EmbeddedPostgres
from server.storage.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0


class Stage:
    """One database on one PostgreSQL, and a connection to look at it from outside."""

    def __init__(self, url: str, database: Database, postmaster: int, folder: Path) -> None:
        self.url = url
        self.database = database
        self._postmaster = postmaster
        self.folder = folder

    async def living_workers(self) -> int:
        async with self.database.connection() as connection:
            rows = await connection.execute(
                "SELECT 1 FROM workers WHERE seen_at > now() - make_interval(secs => 3)"
            )
            return len(await rows.fetchall())

    async def usage(self, *processes: "HostProcess") -> Usage:
        return await read_usage(
            self.database, host=[process.pid for process in processes], postmaster=self._postmaster
        )


@asynccontextmanager
async def set_stage(folder: Path, name: str) -> AsyncIterator[Stage]:
    """Start PostgreSQL below `folder`, if it does not run, and make a new database in it."""
    postgres = EmbeddedPostgres(folder / "postgres")
    server = postgres.start()
    try:
        async with Database(server, size=1) as database, database.connection() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
            await connection.execute(f'CREATE DATABASE "{name}"'.encode())
        url = server.replace(f"/{DATABASE}?", f"/{name}?")
        async with Database(url, size=2) as database:
            await migrate(database)
            yield Stage(url, database, _postmaster_of(folder), folder)
    finally:
        postgres.stop()


def _postmaster_of(folder: Path) -> int:
    return int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()[0])


class HostProcess:
    """`serve` or `work` in a process of its own, with everything on, for the processes of the benchmarks."""

    def __init__(self, stage: Stage, name: str, *arguments: str, concurrency: int = 8) -> None:
        self._log = stage.folder / f"{name}.log"
        self._arguments = arguments
        self._environment = os.environ | {
            "DATABASE_URL": stage.url,
            "STEWARD_DATA": str(stage.folder),
            "STEWARD_PROCESSES": str(ROOT / "benchmarks" / "processes.json"),
            "STEWARD_CONCURRENCY": str(concurrency),
            "STEWARD_LIMITS": str(ROOT / "benchmarks" / "limits.toml"),
            "ERP_URL": "http://127.0.0.1:9",  # no process of the benchmarks calls an ERP: start none
        }
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    @property
    def pid(self) -> int:
        return self._process.pid

    def says(self, word: str) -> str:
        """Wait until the process logs the word, and return what follows it on its line."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            _, found, rest = self._log.read_text("utf-8").partition(word)
            if found:
                return rest.partition("\n")[0].strip()
            time.sleep(0.05)
        raise AssertionError(f"the host did not start:\n{self._log.read_text('utf-8')[-2000:]}")


@contextmanager
def api(stage: Stage) -> Iterator[tuple[HostProcess, str]]:
    """Run an API without a worker; the second value is its address."""
    with HostProcess(stage, "api", "serve", "--dev", "--no-worker", "--port", "0") as process:
        yield process, process.says("serving on ")


@asynccontextmanager
async def workers(stage: Stage, *, count: int, concurrency: int) -> AsyncIterator[list[HostProcess]]:
    """Run workers that share `concurrency`, and wait until all of them show that they live."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                HostProcess(stage, f"worker-{number}", "work", concurrency=concurrency // count)
            )
            for number in range(count)
        ]
        while await stage.living_workers() < count:  # noqa: ASYNC110  the database is asked
            await asyncio.sleep(0.1)
        yield processes
