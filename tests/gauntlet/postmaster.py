"""A PostgreSQL that the gauntlet starts, kills and fills up by itself."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from server.storage.embedded_binaries import Account, account_for, environment, find_binaries
from server.storage.embedded_cluster import SOCKET, Cluster

START_S = 60
SETTINGS = {"max_connections": "300", "shared_buffers": "128MB"}


class Postmaster:
    """The server of one data directory, with every process of it under our hand."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._cluster = Cluster(folder / "cluster", folder / "postgres.log")
        self._account = account_for(self._cluster.folder)
        self._binaries = find_binaries(self._account)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """The Unix socket, for a proxy to connect to."""
        return self._cluster.sockets / SOCKET

    @property
    def account(self) -> Account:
        return self._account

    def url(self, database: str) -> str:
        return self._cluster.url(database)

    def start(self) -> None:
        """Start the server and wait until it answers; after a crash it replays its log first."""
        lock = os.open(os.devnull, os.O_RDONLY)
        try:
            self._cluster.prepare(self._binaries, self._account, lock=lock)
        finally:
            os.close(lock)
        options = [
            *self._cluster.server_options(),
            *(f"--{name}={value}" for name, value in SETTINGS.items()),
        ]
        self._process = self._launch([str(self._binaries.folder / "postgres"), "-D", ".", *options])
        self._wait_until_it_answers()

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        drop = os.geteuid() == 0
        with self._cluster.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._cluster.folder,
                env=environment(),
                user=self._account.uid if drop else None,
                group=self._account.gid if drop else None,
                extra_groups=() if drop else None,
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PostgreSQL does not start:{self._cluster.logged(0)}")

    def kill(self) -> None:
        """Kill the postmaster and wait until its children have noticed; only then may a new one start."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        while any(_processes_in(self._cluster.folder)):
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it in order, with its clients cut off."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_S)

    @contextmanager
    def database(self, *, tablespace: str = "") -> Iterator[str]:
        """Create a database for the time of the body, and yield its name."""
        name = f"gauntlet_{secrets.token_hex(4)}"
        self.execute(f'CREATE DATABASE "{name}"' + (f' TABLESPACE "{tablespace}"' if tablespace else ""))
        try:
            yield name
        finally:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _processes_in(folder: Path) -> Iterator[int]:
    """Every PostgreSQL process works in its data directory, whoever its parent is by now."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == folder:
                    yield int(entry.name)
            except OSError:  # it ended while we looked
                continue
