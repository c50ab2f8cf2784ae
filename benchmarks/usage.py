"""What processes and the database used: CPU time from /proc, transactions and log from PostgreSQL."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from server.storage.database import Database

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Counters since some beginning; the difference of two is what lies between. CPU in seconds."""

    client_cpu: float = 0.0
    host_cpu: float = 0.0
    postgres_cpu: float = 0.0
    write_transactions: int = 0
    wal_bytes: int = 0

    def __sub__(self, earlier: Self) -> "Usage":
        return Usage(*(getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)))

    def __add__(self, other: Self) -> "Usage":
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


async def read_usage(database: Database, *, host: list[int], postmaster: int) -> Usage:
    """Read all counters now. `host` are the processes of the API and the workers.

    A transaction counts when it got a number, so one that only reads does not, and a savepoint that writes
    counts as one more.
    """
    async with database.connection() as connection:
        row = await (
            await connection.execute(
                "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS transactions,"
                " pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal"
            )
        ).fetchone()
    if row is None:
        raise AssertionError("a SELECT without FROM gave no row")
    return Usage(
        client_cpu=_cpu_of(os.getpid()),
        host_cpu=sum(_cpu_of(pid) for pid in host),
        postgres_cpu=_cpu_of_family(postmaster),
        write_transactions=row["transactions"],
        wal_bytes=row["wal"],
    )


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu_of(pid: int) -> float:
    """Return the CPU time that all threads of a process took in user and system mode."""
    user, system, _, _ = _times(pid)
    return (user + system) / _TICKS


def _cpu_of_family(parent: int) -> float:
    """Return the CPU time of a process, its living children, and those that it has waited for."""
    total = sum(_times(parent))
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _parent_of(int(entry.name)) == parent:
            user, system, _, _ = _times(int(entry.name))
            total += user + system
    return total / _TICKS


def _parent_of(pid: int) -> int | None:
    try:
        return int(_fields(pid)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _times(pid: int) -> tuple[int, int, int, int]:
    """Return user, system, waited-for children's user and system time, in clock ticks."""
    try:
        numbers = [int(number) for number in _fields(pid)[11:15]]
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0, 0, 0
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _fields(pid: int) -> list[str]:
    """Return what /proc/<pid>/stat says after the name, which may hold spaces: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
