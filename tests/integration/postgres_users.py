"""Processes that use a private PostgreSQL, to be told to leave or to be killed, and what is left of it."""

import contextlib
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 10

USE = """
import sys
from pathlib import Path
from server.storage.embedded import EmbeddedPostgres

postgres = EmbeddedPostgres(Path(sys.argv[1]))
print(postgres.start(), flush=True)
sys.stdin.read()
postgres.stop()
"""

WRITE = """
import sys
from pathlib import Path
import psycopg
from server.storage.embedded import EmbeddedPostgres

with psycopg.connect(EmbeddedPostgres(Path(sys.argv[1])).start(), autocommit=True) as connection:
    connection.execute("CREATE TABLE entry (number int)")
    for number in range(1_000_000):
        connection.execute("INSERT INTO entry VALUES (%s)", [number])
        print(number, flush=True)
"""


class User:
    """A process that has started, or joined, the PostgreSQL below `data`."""

    def __init__(
        self,
        data: Path,
        *,
        program: str = USE,
        account: str | None = None,
        python: str = sys.executable,
    ) -> None:
        self._process = subprocess.Popen(
            [python, "-c", program, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")},
            user=account,
            extra_groups=None if account is None else [],
            text=True,
        )

    def line(self) -> str:
        """The next line it prints: a user prints the URL, a writer the number of each acknowledged row."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def lines(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.read().splitlines()

    def leave(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)

    def send(self, signal: int) -> None:
        self._process.send_signal(signal)
        self._process.wait(PATIENCE_S)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def ask(url: str, query: str) -> str:
    """The only value that the query returns, as text."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def python_for(account: str) -> str | None:
    """A Python that the account can reach: ours, or the machine's if ours is below somebody's home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        program = "import psycopg, server.storage.embedded; print('runs')"
        with contextlib.suppress(FileNotFoundError, PermissionError):
            user = User(Path("/"), account=account, python=python, program=program)
            runs = user.line() == "runs"
            user.leave()
            if runs:
                return python
    return None


def postmaster_of(data: Path) -> int:
    return int((data / "cluster" / "postmaster.pid").read_text().split()[0])


def parent_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("PPid:")[1].split()[0])


def is_zombie(process: int) -> bool:
    return "State:\tZ" in Path(f"/proc/{process}/status").read_text()


def serving(data: Path) -> set[int]:
    """The living processes that serve the cluster: the server's own, and its keeper."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            works_in = (process / "cwd").readlink()
            command = (process / "cmdline").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if works_in == data / "cluster" or (
            b"embedded_keeper" in command and bytes(data / "lease") in command
        ):
            found.add(int(process.name))
    return found


def eventually(fact: Callable[[], bool]) -> bool:
    """Whether it becomes true before our patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
