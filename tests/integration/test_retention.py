"""Of a case that ended long ago only the last checkpoint stays."""

from typing import Any

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from savers import METADATA, checkpoint_with, config_of, new_attempt, saver_of

from server.storage.database import Database
from server.storage.retention import prune_ended


async def ended_case(database: Database, *, days_ago: int | None, metadata: Any = METADATA) -> str:
    """Make a case with three checkpoints, of which the newest says `state 3`."""
    attempt = await new_attempt(database)
    config, saver = config_of(attempt.case_id), saver_of(database, attempt)
    for number in range(1, 4):
        checkpoint = checkpoint_with({"state": [f"state {number}"]}) | {
            "id": str(number),
            "channel_versions": {"state": str(number)},
        }
        config = await saver.aput(config, checkpoint, metadata, {"state": str(number)})
        await saver.aput_writes(config, [("state", [f"state {number + 1}"])], "task")
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE cases SET ended_at = now() - make_interval(days => %s) WHERE id = %s",
            (days_ago, attempt.case_id),
        )
    return str(attempt.case_id)


async def kept_checkpoints(database: Database, case_id: str) -> list[str]:
    found = [one async for one in AsyncPostgresSaver(database.pool).alist(config_of(case_id))]
    return [one.checkpoint["channel_values"]["state"][0] for one in found]


async def test_only_the_last_checkpoint_of_an_old_case_stays(database: Database) -> None:
    old = await ended_case(database, days_ago=31)
    young = await ended_case(database, days_ago=29)
    unfinished = await ended_case(database, days_ago=None)

    pruned = await prune_ended(database, keep_days=30)

    assert pruned == 1
    assert await kept_checkpoints(database, old) == ["state 3"]
    assert len(await kept_checkpoints(database, young)) == 3
    assert len(await kept_checkpoints(database, unfinished)) == 3


async def test_one_worker_prunes_while_the_others_pass_by(database: Database) -> None:
    await ended_case(database, days_ago=40)
    async with database.transaction() as connection:
        await connection.execute("SELECT 1 FROM pruning FOR UPDATE")

        meanwhile = await prune_ended(database, keep_days=30)

    assert [meanwhile, await prune_ended(database, keep_days=30)] == [0, 1]


async def test_pruning_goes_on_where_it_stopped(database: Database) -> None:
    for _ in range(3):
        await ended_case(database, days_ago=40)

    pruned = [await prune_ended(database, keep_days=30, limit=2) for _ in range(3)]

    assert pruned == [2, 1, 0]


async def test_a_case_that_cannot_be_pruned_holds_up_no_other(database: Database) -> None:
    sums_up = METADATA | {"counters_since_delta_snapshot": {"state": [1, 1]}}
    first = await ended_case(database, days_ago=50, metadata=sums_up)
    second = await ended_case(database, days_ago=40)

    await prune_ended(database, keep_days=30)

    assert len(await kept_checkpoints(database, first)) == 3
    assert await kept_checkpoints(database, second) == ["state 3"]
