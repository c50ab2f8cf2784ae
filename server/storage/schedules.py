"""Schedules: what starts cases by itself, and what became of each of its moments."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import Conflict, NotFound
from server.storage.database import Connection
from server.storage.pages import Position

_COLUMNS = (
    "id, name, process, cron, zone, input, overlap, catch_up, enabled, next_at, last_at, last_case,"
    " created_by, created_at, updated_at"
)
# Its next moment has come, or one is queued and the case before it has ended.
_DUE = """
    enabled AND process = ANY(%(processes)s) AND (next_at <= now() OR (
        EXISTS (SELECT 1 FROM firings WHERE schedule_id = schedules.id AND outcome = 'queued')
        AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = last_case AND ended_at IS NULL)))
"""


@dataclass(frozen=True)
class Plan:
    """What a schedule starts and when, and what it does about a case before and about moments gone by."""

    process: str
    cron: str
    zone: str
    input: dict[str, Any]
    overlap: str
    catch_up: str
    enabled: bool


@dataclass(frozen=True)
class Schedule(Plan):
    """A plan under a name, and how far it has come. Only one that is enabled has a next moment."""

    id: UUID
    name: str
    next_at: datetime | None
    last_at: datetime | None
    last_case: UUID | None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Firing:
    """What became of one moment of a schedule."""

    scheduled_for: datetime
    outcome: str
    reason: str | None
    case_id: UUID | None
    fired_at: datetime


async def get_now(connection: Connection) -> datetime:
    """Return the database's time, which stands still within a transaction."""
    row = await (await connection.execute("SELECT now()")).fetchone()
    if row is None:
        raise AssertionError("SELECT now() gave no row")
    now: datetime = row["now"]
    return now


async def insert_schedule(
    connection: Connection, name: str, *, plan: Plan, next_at: datetime | None, actor: str
) -> Schedule:
    """Keep a new schedule.

    Raises:
        Conflict: there is one of this name.
    """
    try:
        async with connection.transaction(), connection.cursor(row_factory=class_row(Schedule)) as cursor:
            await cursor.execute(
                "INSERT INTO schedules (id, name, process, cron, zone, input, overlap, catch_up, enabled,"
                " next_at, created_by) VALUES (%(id)s, %(name)s, %(process)s, %(cron)s, %(zone)s, %(input)s,"
                " %(overlap)s, %(catch_up)s, %(enabled)s, %(next_at)s, %(actor)s)"
                f" RETURNING {_COLUMNS}",
                _values(plan) | {"id": uuid4(), "name": name, "next_at": next_at, "actor": actor},
            )
            if schedule := await cursor.fetchone():
                return schedule
    except UniqueViolation as error:
        raise Conflict(f"there is a schedule {name!r} already", field="name") from error
    raise AssertionError("INSERT ... RETURNING gave no row")


async def update_schedule(
    connection: Connection, id_: UUID, *, plan: Plan, next_at: datetime | None
) -> Schedule:
    """Give a schedule, which the caller has locked, another plan."""
    async with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        await cursor.execute(
            "UPDATE schedules SET cron = %(cron)s, zone = %(zone)s, input = %(input)s, overlap = %(overlap)s,"
            " catch_up = %(catch_up)s, enabled = %(enabled)s, next_at = %(next_at)s, updated_at = now()"
            f" WHERE id = %(id)s RETURNING {_COLUMNS}",
            _values(plan) | {"id": id_, "next_at": next_at},
        )
        if schedule := await cursor.fetchone():
            return schedule
    raise AssertionError("a schedule that is locked is there")


async def delete_schedule(connection: Connection, id_: UUID) -> None:
    """Drop a schedule and its firings; the cases that it started stay."""
    await connection.execute("DELETE FROM schedules WHERE id = %s", (id_,))


async def get_schedule(connection: Connection, id_: UUID, *, lock: bool = False) -> Schedule:
    """Return the schedule; with `lock`, nobody else changes or fires it until the transaction ends.

    Raises:
        NotFound: there is none of this id.
    """
    async with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE id = %s {'FOR UPDATE' if lock else ''}", (id_,)
        )
        if schedule := await cursor.fetchone():
            return schedule
    raise NotFound(f"there is no schedule {id_}")


async def list_schedules(
    connection: Connection, *, process: str | None, after: Position | None, limit: int
) -> list[Schedule]:
    """Return up to `limit` schedules, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE (%(process)s::text IS NULL OR process = %(process)s)"
            " AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
            {"process": process, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def list_due_schedules(connection: Connection, *, processes: Collection[str]) -> list[UUID]:
    """Return the schedules of these processes that have something to do."""
    cursor = await connection.execute(
        f"SELECT id FROM schedules WHERE {_DUE} ORDER BY next_at", {"processes": list(processes)}
    )
    return [row["id"] for row in await cursor.fetchall()]


async def take_due_schedule(
    connection: Connection, id_: UUID, *, processes: Collection[str]
) -> Schedule | None:
    """Lock the schedule if it still has something to do; None if not, or if somebody else has it."""
    async with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE id = %(id)s AND {_DUE} FOR UPDATE SKIP LOCKED",
            {"id": id_, "processes": list(processes)},
        )
        return await cursor.fetchone()


async def advance_schedule(
    connection: Connection,
    id_: UUID,
    *,
    next_at: datetime,
    last_at: datetime | None,
    last_case: UUID | None,
) -> None:
    """Note how far a schedule has come."""
    await connection.execute(
        "UPDATE schedules SET next_at = %s, last_at = %s, last_case = %s WHERE id = %s",
        (next_at, last_at, last_case, id_),
    )


async def record_firing(
    connection: Connection,
    schedule_id: UUID,
    moment: datetime,
    *,
    outcome: str,
    reason: str | None = None,
    case_id: UUID | None = None,
) -> None:
    """Write what became of a moment, for good unless it was queued until now.

    Raises:
        Conflict: something else became of it before.
    """
    cursor = await connection.execute(
        "INSERT INTO firings (schedule_id, scheduled_for, outcome, reason, case_id)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (schedule_id, scheduled_for) DO UPDATE"
        " SET outcome = excluded.outcome, reason = excluded.reason, case_id = excluded.case_id,"
        " fired_at = now() WHERE firings.outcome = 'queued'",
        (schedule_id, moment, outcome, reason, case_id),
    )
    if cursor.rowcount == 0:
        raise Conflict(f"schedule {schedule_id} has dealt with {moment.isoformat()} before")


async def list_queued(connection: Connection, schedule_id: UUID) -> list[datetime]:
    """Return the moments that wait for the case before them to end, the oldest first."""
    cursor = await connection.execute(
        "SELECT scheduled_for FROM firings WHERE schedule_id = %s AND outcome = 'queued'"
        " ORDER BY scheduled_for",
        (schedule_id,),
    )
    return [row["scheduled_for"] for row in await cursor.fetchall()]


async def list_firings(connection: Connection, schedule_id: UUID, *, limit: int) -> list[Firing]:
    """Return the newest moments and what became of them."""
    async with connection.cursor(row_factory=class_row(Firing)) as cursor:
        await cursor.execute(
            "SELECT scheduled_for, outcome, reason, case_id, fired_at FROM firings WHERE schedule_id = %s"
            " ORDER BY scheduled_for DESC LIMIT %s",
            (schedule_id, limit),
        )
        return await cursor.fetchall()


def _values(plan: Plan) -> dict[str, Any]:
    return asdict(plan) | {"input": Jsonb(plan.input)}
