"""Versions of processes: what each was made of, and the queue of its runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.storage.database import Connection


class Versioned(Protocol):
    """A process as it is on this host."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def outline(self) -> dict[str, Any]: ...


async def save_versions(connection: Connection, processes: Iterable[Versioned]) -> None:
    """Keep what each version was made of, the first time that it is seen here."""
    for process in processes:
        await connection.execute(
            "INSERT INTO process_versions (process, version, outline) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (process.name, process.version, Jsonb(process.outline)),
        )


async def list_queues(connection: Connection, processes: Iterable[Versioned]) -> list[str]:
    """Return the names of the queues that hold the runs of these processes in these versions."""
    pairs = [(process.name, process.version) for process in processes]
    cursor = await connection.execute(
        "SELECT run_queue(one ->> 0, one ->> 1) AS queue FROM jsonb_array_elements(%s) AS one",
        (Jsonb(pairs),),
    )
    return [row["queue"] for row in await cursor.fetchall()]


@dataclass(frozen=True)
class Stranded:
    """A run that is ready for a version of its process which no worker serves."""

    run_id: UUID
    case_id: UUID
    process: str
    version: str


# A run of a version that was served before has nobody to wait for; one that was never served may be of a new
# version whose workers still start.
_STRANDED = """
    WITH alive AS (
        SELECT DISTINCT unnest(serves) AS queue FROM workers
        WHERE seen_at > now() - make_interval(secs => %(grace)s)
    ), served AS (
        SELECT process, version, first_seen_at FROM process_versions
        JOIN alive ON alive.queue = run_queue(process, version)
    ), newest AS (
        SELECT DISTINCT ON (process) process, version FROM served
        ORDER BY process, first_seen_at DESC, version
    )
    SELECT runs.id AS run_id, cases.id AS case_id, cases.process, cases.version
    FROM jsonb_array_elements(%(mine)s) AS mine
    JOIN newest ON (newest.process, newest.version) = (mine ->> 0, mine ->> 1)
    JOIN cases ON cases.process = newest.process AND cases.ended_at IS NULL
        AND cases.status IN ('running', 'waiting')
    JOIN runs ON runs.case_id = cases.id AND runs.status = 'ready'
    WHERE (cases.process, cases.version) NOT IN (SELECT process, version FROM served)
    AND (runs.created_at < now() - make_interval(secs => %(grace)s) OR EXISTS (
        SELECT 1 FROM workers WHERE run_queue(cases.process, cases.version) = ANY(serves)))
    ORDER BY runs.created_at LIMIT 100
"""


async def stranded_runs(
    connection: Connection, processes: Iterable[Versioned], *, grace_s: float
) -> list[Stranded]:
    """List ready runs that no worker has served the version of for `grace_s` seconds.

    Only those whose process this host has in its newest version among the workers: with several versions at
    work, the newest decides.
    """
    mine = Jsonb([(process.name, process.version) for process in processes])
    async with connection.cursor(row_factory=class_row(Stranded)) as cursor:
        await cursor.execute(_STRANDED, {"mine": mine, "grace": grace_s})
        return await cursor.fetchall()


async def lock_stranded(connection: Connection, run: Stranded) -> bool:
    """Hold the case until the transaction ends; say whether its run still stands as it did."""
    row = await (
        await connection.execute(
            "SELECT 1 FROM cases JOIN runs ON runs.case_id = cases.id"
            " WHERE runs.id = %s AND runs.status = 'ready'"
            " AND cases.version = %s FOR UPDATE",
            (run.run_id, run.version),
        )
    ).fetchone()
    return row is not None


async def repin_case(
    connection: Connection, case_id: UUID, *, version: str, tables: dict[str, str]
) -> dict[str, str]:
    """Pin a case to another version and to other tables; return the tables that it decided by before.

    No attempt under the old version can write any more.
    """
    cursor = await connection.execute(
        "UPDATE cases SET version = %s, tables = %s, attempt = cases.attempt + 1"
        " FROM (SELECT id, tables FROM cases WHERE id = %s) AS before WHERE cases.id = before.id"
        " RETURNING before.tables",
        (version, Jsonb(tables), case_id),
    )
    row = await cursor.fetchone()
    if row is None:
        raise AssertionError("a case that is moved is held")
    before: dict[str, str] = row["tables"]
    return before


async def pin_case(connection: Connection, case_id: UUID, *, version: str) -> None:
    """Pin a case to another version; it decides on by the tables that it has."""
    await connection.execute("UPDATE cases SET version = %s WHERE id = %s", (version, case_id))


@dataclass(frozen=True)
class Unfinished:
    """A case that has not ended, and the version that it goes on under."""

    id: UUID
    process: str
    version: str
    input: dict[str, Any]


async def list_unfinished(
    connection: Connection, processes: Iterable[Versioned], *, after: UUID | None, limit: int
) -> list[Unfinished]:
    """Return up to `limit` unfinished cases of other versions than these, by id, that come after `after`."""
    present = Jsonb([(process.name, process.version) for process in processes])
    async with connection.cursor(row_factory=class_row(Unfinished)) as cursor:
        await cursor.execute(
            "SELECT id, process, version, input FROM cases WHERE ended_at IS NULL"
            " AND NOT %(present)s @> jsonb_build_array(jsonb_build_array(process, version))"
            " AND (%(after)s::uuid IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s",
            {"present": present, "after": after, "limit": limit},
        )
        return await cursor.fetchall()


async def list_outlines(
    connection: Connection, versions: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what these versions were made of, as far as it is known."""
    cursor = await connection.execute(
        "SELECT process, version, outline FROM process_versions WHERE version = ANY(%s)",
        ([version for _, version in versions],),
    )
    return {(row["process"], row["version"]): row["outline"] for row in await cursor.fetchall()}
