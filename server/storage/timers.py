"""Timers: what the host does at a moment, by the database's clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from server.storage.database import Connection

WAIT = "wait"  # the kind of timer that resumes the interrupt which is its key
_COLUMNS = "timers.id, kind, case_id, key, timers.status, due_at, set_at, timers.ended_at"


@dataclass(frozen=True)
class Timer:
    """A moment of a case; `key` says what in the case it is for, such as an interrupt's id."""

    id: UUID
    kind: str
    case_id: UUID
    key: str
    status: str
    due_at: datetime
    set_at: datetime
    ended_at: datetime | None


async def set_timer(
    connection: Connection,
    case_id: UUID,
    *,
    kind: str,
    key: str,
    until: datetime | None = None,
    for_s: float | None = None,
) -> Timer | None:
    """Set a timer to a moment or to a time from now, or return None when it is set already: the first stands.

    One that has fired is set again only when no run is left that would bring the case what it fired for.
    """
    async with connection.cursor(row_factory=class_row(Timer)) as cursor:
        await cursor.execute(
            "INSERT INTO timers (kind, case_id, key, due_at) VALUES (%(kind)s, %(case)s, %(key)s,"
            " COALESCE(%(until)s::timestamptz, now() + make_interval(secs => %(for_s)s::float8)))"
            " ON CONFLICT (case_id, kind, key) DO UPDATE"
            " SET status = 'set', due_at = excluded.due_at, set_at = now(), ended_at = NULL"
            " WHERE timers.status <> 'set' AND NOT EXISTS (SELECT 1 FROM runs"
            " WHERE runs.case_id = timers.case_id AND runs.status IN ('waiting', 'ready', 'running')"
            f" AND runs.resume ? timers.key) RETURNING {_COLUMNS}",
            {"kind": kind, "case": case_id, "key": key, "until": until, "for_s": for_s},
        )
        return await cursor.fetchone()


async def fire_timers(connection: Connection, *, kinds: Collection[str], limit: int) -> list[Timer]:
    """Take up to `limit` timers that are due, oldest first, and lock their cases.

    Only a case that waits is woken: one that runs, or that an operator holds, gets its timers when it waits
    again. Rows that somebody else holds are left for the next call, so this never waits.
    """
    async with connection.cursor(row_factory=class_row(Timer)) as cursor:
        await cursor.execute(
            "WITH due AS (SELECT timers.id FROM timers JOIN cases ON cases.id = case_id"
            " WHERE timers.status = 'set' AND due_at <= now() AND kind = ANY(%s) AND cases.status = 'waiting'"
            " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)"
            " UPDATE timers SET status = 'fired', ended_at = now() FROM due WHERE timers.id = due.id"
            f" RETURNING {_COLUMNS}",
            (list(kinds), limit),
        )
        return await cursor.fetchall()


async def find_seconds_to_next(connection: Connection) -> float | None:
    """Return how long it is until a timer or a schedule becomes due; what is due and held does not count."""
    row = await (
        await connection.execute(
            "SELECT extract(epoch FROM LEAST("
            "(SELECT min(due_at) FROM timers WHERE status = 'set' AND due_at > now()),"
            " (SELECT min(next_at) FROM schedules WHERE enabled AND next_at > now())"
            ") - now())::float8 AS seconds"
        )
    ).fetchone()
    return row["seconds"] if row else None


async def list_timers(connection: Connection, case_id: UUID) -> list[Timer]:
    """Return the timers of a case, the oldest first."""
    async with connection.cursor(row_factory=class_row(Timer)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM timers WHERE case_id = %s ORDER BY set_at, id", (case_id,)
        )
        return await cursor.fetchall()
