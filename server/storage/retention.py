"""How long the checkpoints of ended and of waiting cases are kept; a case's last one always is."""

import structlog
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow

from server.storage.database import Connection, Database

log = structlog.get_logger()

BATCH = 20

_ENDED = """
    SELECT cases.id, cases.ended_at FROM cases
    JOIN (SELECT ended_at, case_id FROM pruning FOR UPDATE SKIP LOCKED) AS done
        ON (cases.ended_at, cases.id) > (done.ended_at, done.case_id)
    WHERE cases.ended_at < now() - make_interval(days => %s)
    ORDER BY cases.ended_at, cases.id LIMIT %s
"""
_WAITING = """
    SELECT cases.id, cases.updated_at FROM cases
    JOIN (SELECT rested_at, up_to FROM pruning_waiting FOR UPDATE SKIP LOCKED) AS done
        ON (cases.updated_at, cases.id) > (done.rested_at, done.up_to)
    WHERE cases.status = 'waiting' AND cases.updated_at < now() - make_interval(days => %s)
        AND NOT EXISTS (SELECT FROM case_migrations AS moved
            WHERE moved.case_id = cases.id AND moved.status IN ('moved', 'undoing'))
    ORDER BY cases.updated_at, cases.id LIMIT %s
"""


async def prune_ended(database: Database, *, keep_days: int, limit: int = BATCH) -> int:
    """Prune the next cases that ended longer ago than that, and return how many they were.

    Of many workers one prunes at a time; the others find nothing. What was pruned before a crash is pruned
    again, which changes nothing. The last checkpoint stays: it is what the page of the case shows.
    """
    async with database.transaction() as connection:
        cases = await _prune_due(database, connection, _ENDED, keep_days=keep_days, limit=limit)
        if cases:
            await connection.execute(
                "UPDATE pruning SET ended_at = %s, case_id = %s", (cases[-1]["ended_at"], cases[-1]["id"])
            )
    return len(cases)


async def prune_waiting(database: Database, *, keep_days: int, limit: int = BATCH) -> int:
    """Prune the next cases that have waited longer than that, and return how many they were.

    The last checkpoint stays with the writes that belong to it, which is what the case goes on from. A case
    that goes on meanwhile loses nothing: what it adds comes after what is pruned. One that waits anew is due
    again. One that was migrated keeps everything, for an undo goes back to the checkpoint before the move.
    """
    async with database.transaction() as connection:
        cases = await _prune_due(database, connection, _WAITING, keep_days=keep_days, limit=limit)
        if cases:
            await connection.execute(
                "UPDATE pruning_waiting SET rested_at = %s, up_to = %s",
                (cases[-1]["updated_at"], cases[-1]["id"]),
            )
    return len(cases)


async def _prune_due(
    database: Database, connection: Connection, due: str, *, keep_days: int, limit: int
) -> list[DictRow]:
    cases = await (await connection.execute(due.encode(), (keep_days, limit))).fetchall()
    for case in cases:
        await _prune(database, str(case["id"]))
    return cases


async def _prune(database: Database, thread_id: str) -> None:
    try:
        await AsyncPostgresSaver(database.pool).aprune([thread_id], strategy="keep_latest")
    except NotImplementedError:
        log.warning("case_not_pruned", case_id=thread_id, reason="its state is a sum of its checkpoints")
