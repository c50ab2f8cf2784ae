"""What an intervention does to the runs of a case and to where it stands; the caller holds the case's row."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from server.storage.admission import admit_cases
from server.storage.database import Connection
from server.storage.notices import REST_NOTICE
from server.storage.stops import hold_ready_run

_ACTIVE = "('waiting', 'ready', 'running')"


async def select_cases(
    connection: Connection, *, group: str | None, process: str | None, status: str | None, limit: int
) -> list[UUID]:
    """Return up to `limit` cases that have not ended, oldest first, and fit all that is given."""
    cursor = await connection.execute(
        "SELECT id FROM cases WHERE ended_at IS NULL AND (%(process)s::text IS NULL OR process = %(process)s)"
        " AND (%(status)s::text IS NULL OR status = %(status)s)"
        " AND (%(group)s::text IS NULL OR id IN ("
        "SELECT case_id FROM incidents WHERE status = 'open' AND group_key = %(group)s))"
        " ORDER BY created_at, id LIMIT %(limit)s",
        {"group": group, "process": process, "status": status, "limit": limit},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def cancel_runs(connection: Connection, case_id: UUID) -> bool:
    """End what is to come or under way of the case; say whether there was anything."""
    cursor = await connection.execute(
        f"UPDATE runs SET status = 'cancelled', ended_at = now() WHERE case_id = %s AND status IN {_ACTIVE}",
        (case_id,),
    )
    return cursor.rowcount > 0


async def find_last_answers(connection: Connection, case_id: UUID) -> dict[str, Any] | None:
    """Return the answers that the case's last run brought: a retry brings them again."""
    row = await (
        await connection.execute(
            "SELECT resume FROM runs WHERE case_id = %s ORDER BY created_at DESC, id DESC LIMIT 1", (case_id,)
        )
    ).fetchone()
    return row["resume"] if row else None


async def supersede_attempt(connection: Connection, case_id: UUID) -> None:
    """Shut out every attempt until now: none of them writes anything more."""
    await connection.execute("UPDATE cases SET attempt = attempt + 1 WHERE id = %s", (case_id,))


async def withdraw_reviews(connection: Connection, case_id: UUID) -> list[UUID]:
    """Withdraw the open reviews of the case and return their ids.

    They give up their interrupt's id: should the step ask again, that is a new review.
    """
    cursor = await connection.execute(
        "UPDATE reviews SET status = 'withdrawn', interrupt_id = interrupt_id || '/' || id"
        " WHERE case_id = %s AND status = 'open' RETURNING id",
        (case_id,),
    )
    return sorted([row["id"] for row in await cursor.fetchall()])


async def restore_reviews(connection: Connection, ids: Collection[UUID]) -> None:
    """Open reviews again that were withdrawn, at the interrupts that they were opened for."""
    await connection.execute(
        "UPDATE reviews SET status = 'open', interrupt_id = split_part(interrupt_id, '/', 1)"
        " WHERE id = ANY(%s) AND status = 'withdrawn'",
        (list(ids),),
    )


async def list_unsettled_effects(connection: Connection, case_id: UUID) -> list[str]:
    """Return the keys of the case's effects of which nobody knows whether they happened."""
    cursor = await connection.execute(
        "SELECT key FROM effects WHERE case_id = %s AND status = 'intended' ORDER BY key", (case_id,)
    )
    return [row["key"] for row in await cursor.fetchall()]


async def list_done_effects(connection: Connection, case_id: UUID, *, step: str) -> list[str]:
    """Return the keys of the effects that the case has had in a step, over all its executions."""
    cursor = await connection.execute(
        "SELECT key FROM effects WHERE case_id = %s AND status = 'done' AND split_part(step, ':', 1) = %s"
        " ORDER BY key",
        (case_id, step),
    )
    return [row["key"] for row in await cursor.fetchall()]


async def suspend_case(connection: Connection, case_id: UUID) -> None:
    """Keep the case's runs from being claimed; one that a worker has is put back after its present step."""
    await connection.execute(
        "WITH moved AS (UPDATE cases SET status = 'suspended', updated_at = now() WHERE id = %s RETURNING id)"
        f" SELECT {REST_NOTICE} FROM moved",
        (case_id,),
    )
    await hold_ready_run(connection, case_id)


async def resume_case(connection: Connection, case_id: UUID) -> None:
    """Put the case where it was, or where an answer or an incident has brought it meanwhile."""
    await connection.execute(
        "UPDATE cases SET updated_at = now(), status = CASE WHEN error IS NOT NULL THEN 'incident'"
        f" WHEN EXISTS (SELECT 1 FROM runs WHERE case_id = cases.id AND runs.status IN {_ACTIVE}"
        " AND due_at <= now()) THEN 'running' ELSE 'waiting' END WHERE id = %s",
        (case_id,),
    )
    await admit_cases(connection, [case_id])
