"""Of a case that waits for long only the checkpoint stays that it goes on from."""

from uuid import UUID

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from small_processes import small_registry

from server.engine.cases import answer_review, start_case
from server.engine.runner import Runner
from server.storage.cases import get_case
from server.storage.database import Database
from server.storage.retention import prune_waiting
from server.storage.reviews import list_reviews


async def run_all(database: Database) -> None:
    runner = Runner(database, small_registry())
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
    for row in rows:
        await runner.run(row["id"], worker=1)


async def waiting_case(database: Database, *, days: int) -> UUID:
    """Let a case wait for its review since so many days."""
    case, _ = await start_case(
        database, small_registry().get("small"), input_={"item": "chair"}, actor="anna", key=None
    )
    await run_all(database)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE cases SET updated_at = now() - make_interval(days => %s) WHERE id = %s", (days, case.id)
        )
    return case.id


async def count_checkpoints(database: Database, case_id: UUID) -> int:
    place = {"configurable": {"thread_id": str(case_id)}}
    return len([one async for one in AsyncPostgresSaver(database.pool).alist(place)])


async def answer(database: Database, case_id: UUID) -> None:
    async with database.transaction() as connection:
        (review,) = await list_reviews(connection, case_id=case_id, limit=10)
    await answer_review(database, review.id, answer={"size": 3}, actor="ben")
    await run_all(database)


async def test_only_a_long_wait_costs_the_earlier_checkpoints(database: Database) -> None:
    long, short = await waiting_case(database, days=8), await waiting_case(database, days=6)

    pruned = [await prune_waiting(database, keep_days=7) for _ in range(2)]

    assert pruned == [1, 0]
    assert await count_checkpoints(database, long) == 1
    assert await count_checkpoints(database, short) > 1


async def test_a_pruned_case_goes_on_from_its_answer(database: Database) -> None:
    case_id = await waiting_case(database, days=8)
    await prune_waiting(database, keep_days=7)

    await answer(database, case_id)

    async with database.transaction() as connection:
        ended = await get_case(connection, case_id)
    assert (ended.status, ended.result) == ("succeeded", "size 3")


async def test_a_migrated_case_keeps_what_an_undo_goes_back_to(database: Database) -> None:
    case_id = await waiting_case(database, days=8)
    before = await count_checkpoints(database, case_id)
    async with database.transaction() as connection:
        await connection.execute(
            "WITH made AS (INSERT INTO process_migrations (id, process, from_version, to_version, plan,"
            " reason, started_by) VALUES (gen_random_uuid(), 'small', 'a', 'b', '{}', 'test', 'otto')"
            " RETURNING id) INSERT INTO case_migrations (migration_id, case_id, status, changed_by)"
            " SELECT id, %s, 'moved', 'otto' FROM made",
            (case_id,),
        )

    assert await prune_waiting(database, keep_days=7) == 0
    assert await count_checkpoints(database, case_id) == before
