"""The private PostgreSQL of a machine that has no server of its own.

A data directory holds the `cluster`, `postgres.log` and two lock files:

- `lease`: every user holds it shared, and the keeper ends the server once it gets it exclusively;
- `server`: held by the one who starts the server, then by the server itself until the last of its processes
  has ended.

Locks rather than process ids, because the kernel takes a lock back from the dead: a zombie holds none, and a
process that was given a dead one's number does not inherit it.
"""

import contextlib
import fcntl
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import psycopg

from server.storage import embedded_keeper
from server.storage.embedded_binaries import (
    Account,
    Binaries,
    EmbeddedPostgresError,
    account_for,
    environment,
    find_binaries,
)
from server.storage.embedded_cluster import Cluster, reachable

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE = "steward"
START_S = 120  # a server that was cut off replays its log first
STOP_S = embedded_keeper.SHUTDOWN_S * 2
POLL_S = 0.005
LONGEST_POLL_S = 0.1


class EmbeddedPostgres:
    """A PostgreSQL below `data`, shared by all processes of this machine that start it.

    The first one starts the server and the others join. It ends when the last one has stopped or died. Both
    methods block: call them outside an event loop.
    """

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()
        self._cluster = Cluster(self._data / "cluster", self._data / "postgres.log")
        self._lease: BinaryIO | None = None

    def start(self) -> str:
        """Start the server, or join the one that runs, and return the URL of the database `steward`.

        Raises:
            EmbeddedPostgresError: there are no programs, they are of another version than the data, or the
                server does not start; the message says what to do or ends with what was logged.
        """
        if self._lease is None:
            try:
                self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lease = self._open("lease")
                fcntl.flock(self._lease, fcntl.LOCK_SH)  # waits for a server that is on its way down
                self._bring_up()
            except (OSError, psycopg.Error, subprocess.CalledProcessError) as error:
                self.stop()
                raise EmbeddedPostgresError(f"no PostgreSQL in {self._data}: {error}") from error
            except BaseException:
                self.stop()
                raise
        return self._cluster.url(DATABASE)

    def stop(self) -> None:
        """Leave the server; if nobody else uses it, return when it has ended."""
        if self._lease is None:
            return
        with self._lease as lease:
            # To change a lock is to let go of it for a moment; if the keeper was quicker, we were the last.
            last = _take(lease, fcntl.LOCK_EX) or not _take(lease, fcntl.LOCK_SH)
            fcntl.flock(lease, fcntl.LOCK_UN)  # closing is not enough if a forked child has it open
        self._lease = None
        if last:
            self._await_end()

    def _open(self, lock: str) -> BinaryIO:
        return (self._data / lock).open("ab")

    def _bring_up(self) -> None:
        """Wait until the server answers, and launch it if nobody else does."""
        logged_before: int | None = None
        deadline, pause_s = time.monotonic() + START_S, POLL_S
        while not self._answers():
            with self._open("server") as lock:
                if _take(lock, fcntl.LOCK_EX):
                    if logged_before is not None:
                        logged = self._cluster.logged(logged_before)
                        raise EmbeddedPostgresError(f"PostgreSQL ended at its start; {logged}")
                    logged_before = self._cluster.log_size()
                    self._launch(lock)
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not answer in {START_S} s; {self._cluster.logged(logged_before or 0)}"
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.2, LONGEST_POLL_S)

    def _answers(self) -> bool:
        """Whether the server runs; if it does, the database is there."""
        try:
            connection = psycopg.connect(
                self._cluster.url("postgres"), autocommit=True, connect_timeout=START_S
            )
        except psycopg.OperationalError:
            return False
        with connection:
            _create_database(connection)
        return True

    def _launch(self, lock: BinaryIO) -> None:
        account = account_for(self._cluster.folder)
        binaries = find_binaries(account)
        self._cluster.prepare(binaries, account, lock=lock.fileno())
        self._start_keeper(binaries, account, lock=lock.fileno())

    def _start_keeper(self, binaries: Binaries, account: Account, *, lock: int) -> None:
        """Hand the cluster and the lock to a keeper, which goes on by itself."""
        cluster = self._cluster
        keeper = [sys.executable, "-I", "-S", embedded_keeper.__file__]
        sockets = "" if cluster.sockets == cluster.folder else str(cluster.sockets)
        with reachable(cluster.folder) as (path, directory), cluster.log.open("ab") as log:
            server = [str(binaries.folder / "postgres"), "-D", path, *cluster.server_options()]
            subprocess.run(
                [*keeper, str(self._data / "lease"), sockets, str(account.uid), str(account.gid), *server],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment(),
                pass_fds=(lock, directory),
                check=True,
            )

    def _await_end(self) -> None:
        """Wait for the server to end, but not for ever: somebody may have joined before the keeper looked."""
        deadline = time.monotonic() + STOP_S
        with self._open("server") as lock:
            while not _take(lock, fcntl.LOCK_EX) and time.monotonic() < deadline:
                time.sleep(POLL_S)


def _take(file: BinaryIO, kind: int) -> bool:
    """Lock the file if that needs no waiting."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create_database(connection: psycopg.Connection) -> None:
    """Create the database, unless it is there or another starter is quicker."""
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if found is None:
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE DATABASE {DATABASE}")
