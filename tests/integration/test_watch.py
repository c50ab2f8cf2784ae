"""Waiting for a case to come to rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest

from server.engine.watch import CaseWatch
from server.errors import NotFound
from server.storage.cases import Case, insert_case, set_status
from server.storage.database import Database
from server.storage.notices import hear_rests

FOREVER_S = 3600.0
PATIENCE_S = 30.0


@asynccontextmanager
async def watching(database: Database) -> AsyncIterator[CaseWatch]:
    watch = CaseWatch(database)
    task = asyncio.create_task(watch.run())
    async with asyncio.timeout(PATIENCE_S):
        yield watch
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def running_case(database: Database) -> UUID:
    case_id = uuid4()
    async with database.transaction() as connection:
        await insert_case(
            connection, case_id, process="small", version="", input_={"item": "x"}, actor="anna"
        )
    return case_id


async def move(database: Database, case_id: UUID, status: str) -> None:
    async with database.transaction() as connection:
        await set_status(connection, case_id, status=status)


async def cut_listener(database: Database) -> None:
    """Cut the connection that hears of cases at rest, as soon as there is one."""
    cut = 0
    while not cut:
        async with database.connection() as connection:
            cursor = await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN %'"
            )
            cut = cursor.rowcount


async def test_a_commit_that_brings_a_case_to_rest_is_heard_and_one_that_lets_it_run_is_not(
    database: Database,
) -> None:
    going_on, resting = await running_case(database), await running_case(database)
    async with asyncio.timeout(PATIENCE_S), await database.connect() as connection:
        heard = hear_rests(connection)
        first = asyncio.create_task(anext(heard))
        while not await listens(database):  # noqa: ASYNC110  the database is asked
            await asyncio.sleep(0.01)

        await move(database, going_on, "running")
        await move(database, resting, "waiting")

        assert await first == resting
        await heard.aclose()


async def listens(database: Database) -> bool:
    async with database.connection() as connection:
        rows = await connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
        )
        return await rows.fetchone() is not None


async def test_who_waits_gets_the_case_when_it_comes_to_rest(database: Database) -> None:
    case_id = await running_case(database)
    async with watching(database) as watch:
        waiting = [asyncio.create_task(watch.wait(case_id, timeout_s=FOREVER_S)) for _ in range(2)]

        await move(database, case_id, "waiting")

        assert [case.status for case in await asyncio.gather(*waiting)] == ["waiting", "waiting"]


async def test_a_case_at_rest_is_returned_at_once(database: Database) -> None:
    case_id = await running_case(database)
    await move(database, case_id, "succeeded")

    case = await CaseWatch(database).wait(case_id, timeout_s=FOREVER_S)

    assert case.status == "succeeded"


async def test_after_its_time_the_case_is_returned_as_it_is(database: Database) -> None:
    case_id = await running_case(database)

    case = await CaseWatch(database).wait(case_id, timeout_s=0.01)

    assert case.status == "running"


async def test_a_rest_that_nobody_heard_of_is_found_by_asking(database: Database) -> None:
    case_id = await running_case(database)
    async with watching(database) as watch:
        waiting = asyncio.create_task(watch.wait(case_id, timeout_s=FOREVER_S))

        await cut_listener(database)
        await move(database, case_id, "waiting")

        assert (await waiting).status == "waiting"


async def test_a_rest_while_the_database_is_being_asked_is_not_missed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = await running_case(database)
    watch = CaseWatch(database)
    ask = watch._case

    async def ask_too_early(case_id: UUID) -> Case:
        monkeypatch.setattr(watch, "_case", ask)
        case = await ask(case_id)
        await move(database, case_id, "waiting")
        watch._wake(case_id)
        return case

    monkeypatch.setattr(watch, "_case", ask_too_early)

    async with asyncio.timeout(PATIENCE_S):
        assert (await watch.wait(case_id, timeout_s=FOREVER_S)).status == "waiting"


async def test_a_host_that_stops_lets_everybody_go(database: Database) -> None:
    case_id = await running_case(database)
    watch = CaseWatch(database)
    waiting = asyncio.create_task(watch.wait(case_id, timeout_s=FOREVER_S))

    watch.release()

    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting).status == "running"


async def test_nobody_waits_for_a_case_that_does_not_exist(database: Database) -> None:
    with pytest.raises(NotFound):
        await CaseWatch(database).wait(uuid4(), timeout_s=FOREVER_S)
