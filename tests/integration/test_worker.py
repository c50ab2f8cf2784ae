"""A worker against what happens to it: a lost claim, a drain, a database that goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest
from small_processes import small_process, small_registry

from server.engine.cases import start_case
from server.engine.runner import Runner
from server.engine.worker import Worker
from server.storage.cases import get_case, insert_case
from server.storage.database import Database
from server.storage.runs import claim_run, enqueue_run


async def start(database: Database) -> UUID:
    process = small_registry().get("small")
    case, _ = await start_case(database, process, input_={"item": "chair"}, actor="anna", key=None)
    return case.id


@asynccontextmanager
async def working(database: Database, *, concurrency: int = 2) -> AsyncIterator[Worker]:
    worker = Worker(database, small_registry(), concurrency=concurrency)
    task = asyncio.create_task(worker.run())
    yield worker
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def status_of(database: Database, case_id: UUID) -> str:
    async with database.transaction() as connection:
        return (await get_case(connection, case_id)).status


async def waits(database: Database, case_id: UUID) -> None:
    """Return when the case waits for its review; a test that never gets here ends by its time-out."""
    async with asyncio.timeout(30):
        while await status_of(database, case_id) != "waiting":  # noqa: ASYNC110  the database is asked
            await asyncio.sleep(0.05)


async def test_a_case_is_brought_to_its_review(database: Database) -> None:
    async with working(database):
        case_id = await start(database)

        await waits(database, case_id)


async def test_a_run_that_was_claimed_and_lost_is_put_back(database: Database) -> None:
    """As after a claim whose answer the database never sent: the run is ours, and we do not know of it."""
    case_id = uuid4()
    async with working(database) as worker:
        await waits(database, await start(database))
        async with database.transaction() as connection:
            await insert_case(
                connection,
                case_id,
                process="small",
                version=small_process().version,
                input_={"item": "x"},
                actor="anna",
            )
            run_id = await enqueue_run(connection, case_id, kind="start")
            assert worker.number is not None
            assert await claim_run(connection, run_id, worker=worker.number)

        await waits(database, case_id)


async def test_connections_that_are_cut_stop_no_worker(database: Database) -> None:
    async with working(database):
        await waits(database, await start(database))
        async with database.transaction() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        await waits(database, await start(database))


async def test_a_run_that_begins_while_draining_is_put_back_before_its_first_step(database: Database) -> None:
    case_id = await start(database)
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id FROM runs")).fetchone()
    assert row is not None
    runner = Runner(database, small_registry())
    runner.drain()

    await runner.run(row["id"], worker=1)

    async with database.transaction() as connection:
        run = await (await connection.execute("SELECT status, takeovers FROM runs")).fetchone()
    assert run == {"status": "ready", "takeovers": 0}
    assert await status_of(database, case_id) == "running"


async def test_a_suspect_runs_alone(database: Database) -> None:
    cases = [await start(database) for _ in range(9)]
    async with database.transaction() as connection:
        await connection.execute("UPDATE runs SET suspect = true WHERE case_id = ANY(%s)", (cases[::3],))

    async with working(database, concurrency=4):
        for case_id in cases:
            await waits(database, case_id)

    async with database.transaction() as connection:
        beside = await connection.execute(
            "SELECT 1 FROM runs AS one JOIN runs AS other ON one.suspect AND one.id <> other.id"
            " AND one.started_at < other.ended_at AND other.started_at < one.ended_at"
        )
        assert await beside.fetchone() is None


async def test_a_worker_that_is_woken_as_it_is_stopped_stops(database: Database) -> None:
    worker = Worker(database, small_registry(), concurrency=2)
    task = asyncio.create_task(worker.run())
    await waits(database, await start(database))
    await asyncio.sleep(0.1)  # it waits for work again

    worker._wake.set()
    task.cancel()

    async with asyncio.timeout(30):
        await asyncio.wait({task})
    assert task.cancelled()


async def test_an_unknown_run_is_nobodys(database: Database) -> None:
    async with database.transaction() as connection:
        assert await claim_run(connection, uuid4(), worker=1) is None


@pytest.mark.parametrize("workers", [2, 3])
async def test_several_workers_share_the_cases(database: Database, workers: int) -> None:
    async with asyncio.TaskGroup() as group:
        running = [Worker(database, small_registry(), concurrency=2) for _ in range(workers)]
        tasks = [group.create_task(worker.run()) for worker in running]
        cases = [await start(database) for _ in range(12)]
        for case_id in cases:
            await waits(database, case_id)
        for task in tasks:
            task.cancel()

    async with database.transaction() as connection:
        attempts = await (await connection.execute("SELECT attempt FROM cases")).fetchall()
    assert [row["attempt"] for row in attempts] == [1] * 12
