"""Incidents: why a case stands still, in groups of one cause, and how each was resolved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import NotFound
from server.storage.database import Connection
from server.storage.pages import Position


@dataclass(frozen=True)
class Incident:
    """A case that could not go on by itself: at which step, why, and what an operator did about it."""

    id: UUID
    case_id: UUID
    run_id: UUID | None
    process: str
    step: str | None
    code: str
    kind: str
    message: str
    detail: dict[str, Any]
    attempts: int
    group_key: str
    status: str
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_how: str | None
    reason: str | None


@dataclass(frozen=True)
class IncidentGroup:
    """The open incidents of one cause; `step` is None where they are of several."""

    group_key: str
    process: str
    step: str | None
    code: str
    kind: str
    message: str
    count: int
    oldest_at: datetime
    newest_at: datetime


_COLUMNS = ", ".join(Incident.__dataclass_fields__)


async def insert_incident(
    connection: Connection,
    case_id: UUID,
    *,
    run_id: UUID | None,
    step: str | None,
    code: str,
    kind: str,
    message: str,
    detail: dict[str, Any],
    group: str,
) -> UUID:
    """Open an incident of a case. Its group is `group` within the case's process."""
    row = await (
        await connection.execute(
            "INSERT INTO incidents"
            " (id, case_id, run_id, process, step, code, kind, message, detail, attempts, group_key)"
            " SELECT %s, id, %s, process, %s, %s, %s, %s, %s, attempt, process || '/' || %s"
            " FROM cases WHERE id = %s RETURNING id",
            (uuid4(), run_id, step, code, kind, message, Jsonb(detail), group, case_id),
        )
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no case {case_id}")
    id_: UUID = row["id"]
    return id_


async def resolve_incident(
    connection: Connection, case_id: UUID, *, actor: str, how: str, reason: str | None
) -> UUID | None:
    """Close the case's open incident and return its id; None when it has none."""
    row = await (
        await connection.execute(
            "UPDATE incidents SET status = 'resolved', resolved_at = now(), resolved_by = %s,"
            " resolved_how = %s, reason = %s WHERE case_id = %s AND status = 'open' RETURNING id",
            (actor, how, reason, case_id),
        )
    ).fetchone()
    return row["id"] if row else None


async def get_incident(connection: Connection, id_: UUID) -> Incident:
    """Return the incident.

    Raises:
        NotFound: there is none of this id.
    """
    async with connection.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM incidents WHERE id = %s", (id_,))
        if incident := await cursor.fetchone():
            return incident
    raise NotFound(f"there is no incident {id_}")


async def list_incidents(
    connection: Connection,
    *,
    status: str | None = None,
    process: str | None = None,
    group: str | None = None,
    case_id: UUID | None = None,
    after: Position | None = None,
    limit: int,
) -> list[Incident]:
    """Return up to `limit` incidents, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Incident)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM incidents"
            " WHERE (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(process)s::text IS NULL OR process = %(process)s)"
            " AND (%(group)s::text IS NULL OR group_key = %(group)s)"
            " AND (%(case)s::uuid IS NULL OR case_id = %(case)s)"
            " AND (%(at)s::timestamptz IS NULL OR (opened_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY opened_at DESC, id DESC LIMIT %(limit)s",
            {
                "status": status,
                "process": process,
                "group": group,
                "case": case_id,
                "at": at,
                "id": id_,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def list_groups(connection: Connection, *, process: str | None, limit: int) -> list[IncidentGroup]:
    """Return the groups of open incidents, largest first."""
    async with connection.cursor(row_factory=class_row(IncidentGroup)) as cursor:
        await cursor.execute(
            "SELECT group_key, process, code, kind,"
            " CASE WHEN count(DISTINCT coalesce(step, '')) = 1 THEN min(step) END AS step,"
            " (array_agg(message ORDER BY opened_at DESC))[1] AS message,"
            " count(*) AS count, min(opened_at) AS oldest_at, max(opened_at) AS newest_at"
            " FROM incidents WHERE status = 'open' AND (%(process)s::text IS NULL OR process = %(process)s)"
            " GROUP BY group_key, process, code, kind ORDER BY count DESC, group_key LIMIT %(limit)s",
            {"process": process, "limit": limit},
        )
        return await cursor.fetchall()
