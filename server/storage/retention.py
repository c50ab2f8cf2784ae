"""How long the checkpoints of ended cases are kept; a case's last one always is."""

import structlog
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from server.storage.database import Database

log = structlog.get_logger()

BATCH = 20

_DUE = """
    SELECT cases.id, cases.ended_at FROM cases
    JOIN (SELECT ended_at, case_id FROM pruning FOR UPDATE SKIP LOCKED) AS done
        ON (cases.ended_at, cases.id) > (done.ended_at, done.case_id)
    WHERE cases.ended_at < now() - make_interval(days => %s)
    ORDER BY cases.ended_at, cases.id LIMIT %s
"""


async def prune_ended(database: Database, *, keep_days: int, limit: int = BATCH) -> int:
    """Prune the next cases that ended longer ago than that, and return how many they were.

    Of many workers one prunes at a time; the others find nothing. What was pruned before a crash is pruned
    again, which changes nothing. The last checkpoint stays: it is what the page of the case shows.
    """
    async with database.transaction() as connection:
        cases = await (await connection.execute(_DUE, (keep_days, limit))).fetchall()
        for case in cases:
            await _prune(database, str(case["id"]))
        if cases:
            await connection.execute(
                "UPDATE pruning SET ended_at = %s, case_id = %s", (cases[-1]["ended_at"], cases[-1]["id"])
            )
    return len(cases)


async def _prune(database: Database, thread_id: str) -> None:
    try:
        await AsyncPostgresSaver(database.pool).aprune([thread_id], strategy="keep_latest")
    except NotImplementedError:
        log.warning("case_not_pruned", case_id=thread_id, reason="its state is a sum of its checkpoints")
