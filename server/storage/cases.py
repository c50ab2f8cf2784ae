"""Cases: rows, pages and the transitions of their status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import NotFound
from server.storage.database import Connection
from server.storage.notices import REST_NOTICE
from server.storage.pages import Position

_COLUMNS = (
    "id, process, version, status, attempt, revision, priority, input, title, result, error, started_by,"
    " created_at, updated_at, ended_at"
)


@dataclass(frozen=True)
class Case:
    """One business item on its way through a process. `revision` counts the changes of this row."""

    id: UUID
    process: str
    version: str
    status: str
    attempt: int
    revision: int
    priority: int
    input: dict[str, Any]
    title: str | None
    result: str | None
    error: dict[str, Any] | None
    started_by: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


async def insert_case(
    connection: Connection,
    id_: UUID,
    *,
    process: str,
    version: str,
    input_: dict[str, Any],
    actor: str,
    priority: int = 0,
    status: str = "running",
    tables: Mapping[str, str] | None = None,
) -> Case:
    """Write a case; `tables` are the digests of those that it decides by."""
    async with connection.cursor(row_factory=class_row(Case)) as cursor:
        await cursor.execute(
            "INSERT INTO cases (id, process, version, input, started_by, priority, status, tables)"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
            (id_, process, version, Jsonb(input_), actor, priority, status, Jsonb(tables or {})),
        )
        if case := await cursor.fetchone():
            return case
    raise AssertionError("INSERT ... RETURNING gave no row")


async def get_case(connection: Connection, id_: UUID) -> Case:
    """Return the case.

    Raises:
        NotFound: there is none of this id.
    """
    return await _get_case(connection, id_, lock="")


async def _get_case(connection: Connection, id_: UUID, *, lock: str) -> Case:
    async with connection.cursor(row_factory=class_row(Case)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM cases WHERE id = %s {lock}", (id_,))
        if case := await cursor.fetchone():
            return case
    raise NotFound(f"there is no case {id_}")


async def lock_case(connection: Connection, id_: UUID) -> Case:
    """Return the case and keep everybody else from changing it until the commit.

    What changes a case together with its reviews or runs takes this lock first, so that no two wait for
    each other.

    Raises:
        NotFound: there is none of this id.
    """
    return await _get_case(connection, id_, lock="FOR UPDATE")


async def list_cases(
    connection: Connection, *, process: str | None, status: str | None, after: Position | None, limit: int
) -> list[Case]:
    """Return up to `limit` cases, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Case)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM cases"
            " WHERE (%(process)s::text IS NULL OR process = %(process)s)"
            " AND (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
            {"process": process, "status": status, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def set_status(
    connection: Connection,
    id_: UUID,
    *,
    status: str,
    title: str | None = None,
    result: str | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Write where the case stands; a title or result of None keeps the one it has.

    A suspended case stays so until it is resumed or has ended. When the case runs no longer, the commit wakes
    those who wait for that.
    """
    await connection.execute(
        "WITH moved AS (UPDATE cases SET"
        " status = CASE WHEN status = 'suspended' AND %(status)s IN ('running', 'waiting', 'incident')"
        " THEN status ELSE %(status)s END,"
        " title = COALESCE(%(title)s, title), result = COALESCE(%(result)s, result), error = %(error)s,"
        " updated_at = now(),"
        " ended_at = CASE WHEN %(status)s IN ('succeeded', 'failed', 'cancelled') THEN now() END"
        " WHERE id = %(id)s RETURNING id, status)"
        f" SELECT {REST_NOTICE} FROM moved WHERE status <> 'running'",
        {"id": id_, "status": status, "title": title, "result": result, "error": error and Jsonb(error)},
    )
