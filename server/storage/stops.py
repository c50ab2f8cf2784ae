"""Stops: what may not go on until somebody releases it, and the runs that they hold back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from server.errors import NotFound, StopInForce
from server.storage.admission import CHANNEL
from server.storage.database import Connection
from server.storage.pages import Position


@dataclass(frozen=True)
class Stop:
    """What is stopped: everything, or what `scope` and `value` name. In force until it is released."""

    id: UUID
    scope: str
    value: str
    reason: str
    stopped_by: str
    stopped_at: datetime
    released_by: str | None
    released_at: datetime | None


_COLUMNS = ", ".join(Stop.__dataclass_fields__)
# Case, run and stop are named as in the statement round it.
_HALTED = "(cases.status = 'suspended' OR find_stop(cases.process, cases.tenant, runs.held_by) IS NOT NULL)"


async def insert_stop(connection: Connection, *, scope: str, value: str, reason: str, actor: str) -> Stop:
    """Put a stop in force.

    Raises:
        StopInForce: there is one of the same scope and value already.
    """
    async with connection.cursor(row_factory=class_row(Stop)) as cursor:
        try:
            await cursor.execute(
                "INSERT INTO stops (id, scope, value, reason, stopped_by) VALUES (%s, %s, %s, %s, %s)"
                f" RETURNING {_COLUMNS}",
                (uuid4(), scope, value, reason, actor),
            )
        except UniqueViolation as error:
            raise StopInForce(f"{f'{scope} {value}'.strip()} is stopped already") from error
        if stop := await cursor.fetchone():
            return stop
    raise AssertionError("INSERT ... RETURNING gave no row")


async def release_stop(connection: Connection, id_: UUID, *, actor: str) -> Stop:
    """Let go on what the stop held; one that was released before stays as it was.

    Raises:
        NotFound: there is none of this id.
    """
    await connection.execute(
        "UPDATE stops SET released_by = %s, released_at = now() WHERE id = %s AND released_at IS NULL",
        (actor, id_),
    )
    await connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
    return await get_stop(connection, id_)


async def get_stop(connection: Connection, id_: UUID) -> Stop:
    """Return the stop.

    Raises:
        NotFound: there is none of this id.
    """
    async with connection.cursor(row_factory=class_row(Stop)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM stops WHERE id = %s", (id_,))
        if stop := await cursor.fetchone():
            return stop
    raise NotFound(f"there is no stop {id_}")


async def list_stops(
    connection: Connection, *, released: bool, after: Position | None, limit: int
) -> list[Stop]:
    """Return up to `limit` stops, newest first, that come after the position: those in force, or released."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Stop)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM stops WHERE (released_at IS NOT NULL) = %(released)s"
            " AND (%(at)s::timestamptz IS NULL OR (stopped_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY stopped_at DESC, id DESC LIMIT %(limit)s",
            {"released": released, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def find_stop_of_call(
    connection: Connection, case_id: UUID, *, server: str, tool: str
) -> tuple[UUID, str] | None:
    """Return id and reason of a stop that forbids the case a call of the tool."""
    row = await (
        await connection.execute(
            "SELECT stops.id, reason FROM stops, cases"
            " WHERE released_at IS NULL AND cases.id = %(case)s AND ("
            " scope = 'all' OR (scope = 'server' AND value = %(server)s)"
            " OR (scope = 'tool' AND value = %(server)s || '.' || %(tool)s)"
            " OR (scope = 'process' AND value = process) OR (scope = 'tenant' AND value = tenant))"
            " ORDER BY stopped_at LIMIT 1",
            {"case": case_id, "server": server, "tool": tool},
        )
    ).fetchone()
    return (row["id"], row["reason"]) if row else None


async def list_halted(connection: Connection, run_ids: Collection[UUID]) -> list[UUID]:
    """Return those of the runs that must not go on: cancelled, or of a suspended case, or under a stop."""
    cursor = await connection.execute(
        "SELECT runs.id FROM runs JOIN cases ON cases.id = runs.case_id WHERE runs.id = ANY(%s)"
        f" AND (runs.status = 'cancelled' OR {_HALTED})",
        (list(run_ids),),
    )
    return [row["id"] for row in await cursor.fetchall()]


async def hold_run(connection: Connection, run_id: UUID, *, stop: UUID | None = None) -> bool:
    """Let a run that its worker gives up wait for admission, if it may not go on; say whether it was held.

    `stop` is the one that it met at a tool. Everything else is found by a look at its case.
    """
    return await _hold(connection, run_id, status="running", stop=stop)


async def hold_unclaimed_run(connection: Connection, run_id: UUID) -> bool:
    """Take a run back from the queue if it may not go on; say whether it was held."""
    return await _hold(connection, run_id, status="ready", stop=None)


async def _hold(connection: Connection, run_id: UUID, *, status: str, stop: UUID | None) -> bool:
    cursor = await connection.execute(
        "UPDATE runs SET status = 'waiting', worker = NULL,"
        " held_by = COALESCE(%(stop)s::uuid, held_by) FROM cases"
        " WHERE runs.id = %(run)s AND runs.status = %(status)s AND cases.id = case_id"
        f" AND (%(stop)s::uuid IS NOT NULL OR {_HALTED})",
        {"run": run_id, "status": status, "stop": stop},
    )
    return cursor.rowcount > 0


async def hold_ready_run(connection: Connection, case_id: UUID) -> None:
    """Take the case's run back from the queue, if nobody has begun it."""
    await connection.execute(
        "UPDATE runs SET status = 'waiting' WHERE case_id = %s AND status = 'ready'",
        (case_id,),
    )
