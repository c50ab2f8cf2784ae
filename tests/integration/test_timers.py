"""Waits and timers: by the database's clock, each once, never early."""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from waiting_processes import FAR, dies, rows, waiting_registry, worker

from server.engine.cases import answer_review, start_case
from server.engine.clock import fire_due
from server.engine.runner import Runner
from server.storage.cases import Case, get_case, set_status
from server.storage.database import Database
from server.storage.reviews import list_reviews
from server.storage.timers import Timer, list_timers


async def start(database: Database, process: str = "loop", **input_: Any) -> UUID:
    case, _ = await start_case(
        database, waiting_registry().get(process), input_=input_, actor="anna", key=None
    )
    return case.id


async def run_all(database: Database) -> None:
    """Do what a worker would do with every ready run."""
    runner = Runner(database, waiting_registry())
    for row in await rows(database, "SELECT id FROM runs WHERE status = 'ready'"):
        await runner.run(row["id"], worker=1)


# Debian's libfaketime, as its package installs it.
FAKETIME = os.environ.get("FAKETIME_LIBRARY") or next(
    map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), ""
)


async def started(database: Database, process: str = "loop", **input_: Any) -> UUID:
    """A case that has come to its first rest."""
    case_id = await start(database, process, **input_)
    await run_all(database)
    return case_id


async def case_of(database: Database, case_id: UUID) -> Case:
    async with database.transaction() as connection:
        return await get_case(connection, case_id)


async def timers_of(database: Database, case_id: UUID) -> list[Timer]:
    async with database.transaction() as connection:
        return await list_timers(connection, case_id)


async def pass_time(database: Database) -> None:
    """Make what is set due, as time would."""
    await rows(database, "UPDATE timers SET due_at = now() - interval '1 second' WHERE status = 'set'")


async def answer(database: Database, case_id: UUID) -> None:
    async with database.transaction() as connection:
        (review,) = await list_reviews(connection, case_id=case_id, limit=10)
    await answer_review(database, review.id, answer="yes", actor="ben")


async def test_a_wait_sets_a_timer_and_asks_nobody(database: Database) -> None:
    case_id = await started(database)

    (timer,) = await timers_of(database, case_id)
    assert (timer.status, timer.due_at) == ("set", FAR)
    assert (await case_of(database, case_id)).status == "waiting"
    assert await rows(database, "SELECT * FROM reviews") == []


async def test_a_timer_fires_when_it_is_due_and_not_before(database: Database) -> None:
    case_id = await started(database)

    early = await fire_due(database)
    await pass_time(database)
    due, again = await fire_due(database), await fire_due(database)
    await run_all(database)

    assert (early, due, again) == (0, 1, 0)
    assert (await case_of(database, case_id)).result == "waited"


async def test_a_length_counts_from_the_rest_by_the_time_of_the_database(database: Database) -> None:
    case_id = await started(database, "parallel")

    ((length,),) = [
        row.values() for row in await rows(database, "SELECT due_at - set_at = interval '1 hour' FROM timers")
    ]
    assert length is True
    assert (await case_of(database, case_id)).status == "waiting"


async def test_each_round_of_a_loop_waits_for_itself(database: Database) -> None:
    case_id = await started(database, rounds=2)

    for _ in range(2):
        await pass_time(database)
        await fire_due(database)
        await run_all(database)

    assert (await case_of(database, case_id)).result == "waited waited"
    assert [timer.status for timer in await timers_of(database, case_id)] == ["fired", "fired"]


@pytest.mark.parametrize("first", ["the person", "the time"])
async def test_a_case_waits_for_a_person_and_a_time_at_once(database: Database, first: str) -> None:
    case_id = await started(database, "parallel")

    for turn in (first, "the time" if first == "the person" else "the person"):
        assert (await case_of(database, case_id)).status == "waiting"
        if turn == "the person":
            await answer(database, case_id)
        else:
            await pass_time(database)
            assert await fire_due(database) == 1
        await run_all(database)

    ended = await case_of(database, case_id)
    assert (ended.status, ended.result) == ("succeeded", "rested yes")
    assert len(await rows(database, "SELECT * FROM runs")) == 3


async def test_a_timer_due_while_the_case_runs_fires_when_it_rests(database: Database) -> None:
    case_id = await started(database, "parallel")
    await answer(database, case_id)
    await pass_time(database)

    while_running = await fire_due(database)
    await run_all(database)
    at_rest = await fire_due(database)

    assert (while_running, at_rest) == (0, 1)


async def test_the_due_time_stands_when_the_rest_is_written_again(database: Database) -> None:
    case_id = await started(database, "parallel")
    before = await timers_of(database, case_id)
    await answer(database, case_id)

    await run_all(database)

    assert await timers_of(database, case_id) == before


async def test_a_timer_is_cancelled_with_its_case(database: Database) -> None:
    case_id = await started(database)
    async with database.transaction() as connection:
        await set_status(connection, case_id, status="cancelled")
    await rows(database, "UPDATE timers SET due_at = now() - interval '1 second'")

    fired = await fire_due(database)

    assert fired == 0
    assert [timer.status for timer in await timers_of(database, case_id)] == ["cancelled"]


async def test_a_suspended_case_sleeps_on_until_it_waits_again(database: Database) -> None:
    case_id = await started(database)
    async with database.transaction() as connection:
        await set_status(connection, case_id, status="suspended")
    await pass_time(database)

    suspended = await fire_due(database)
    await rows(database, "UPDATE cases SET status = 'waiting'")
    waiting = await fire_due(database)

    assert (suspended, waiting) == (0, 1)


async def test_a_malformed_wait_is_an_incident(database: Database) -> None:
    case_id = await started(database, "wrong")

    assert (await case_of(database, case_id)).status == "incident"


async def test_what_a_timer_did_is_in_the_audit_trail(database: Database) -> None:
    await started(database)
    await pass_time(database)

    await fire_due(database)

    entries = await rows(database, "SELECT actor, action FROM audit_entries ORDER BY id")
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("anna", "case_started"),
        ("steward", "case_waiting"),
        ("steward", "timer_set"),
        ("steward", "timer_fired"),
    ]


async def fire_all(database: Database) -> int:
    """Fire, beside others who do the same, until nothing is left."""
    count = 0
    while await rows(database, "SELECT 1 FROM timers WHERE status = 'set' LIMIT 1"):
        count += await fire_due(database)
    return count


async def test_ten_thousand_timers_due_at_once_fire_once_each(database: Database, database_url: str) -> None:
    await rows(
        database,
        "WITH waiting AS (INSERT INTO cases (id, process, status, input, started_by)"
        " SELECT gen_random_uuid(), 'loop', 'waiting', '{}', 'anna' FROM generate_series(1, 10000)"
        " RETURNING id) INSERT INTO timers (kind, case_id, key, due_at)"
        " SELECT 'wait', id, 'k', now() FROM waiting",
    )

    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(Database(database_url, size=2)) for _ in range(3)]
        fired = await asyncio.gather(*map(fire_all, databases))

    (counts,) = await rows(
        database,
        "SELECT (SELECT count(*) FROM runs), (SELECT count(DISTINCT case_id) FROM runs) AS cases,"
        " (SELECT count(*) FROM runs WHERE queue IS NOT NULL) AS queued,"
        " (SELECT count(*) FROM audit_entries WHERE action = 'timer_fired') AS entries",
    )
    assert sum(fired) == 10_000
    assert counts == {"count": 10_000, "cases": 10_000, "queued": 10_000, "entries": 10_000}


async def comes_to(database: Database, case_id: UUID, status: str) -> Case:
    async with asyncio.timeout(60):
        while (case := await case_of(database, case_id)).status != status:  # noqa: ASYNC110  the database is asked
            await asyncio.sleep(0.05)
    return case


@pytest.mark.parametrize("point", ["timer_before_commit", "timer_after_commit"])
async def test_a_worker_killed_while_a_timer_fires_fires_it_once(
    database: Database, database_url: str, point: str
) -> None:
    case_id = await started(database)
    await pass_time(database)

    with worker(database_url, f"{point}:kill:1") as process:
        await dies(process)
    with worker(database_url):
        ended = await comes_to(database, case_id, "succeeded")

    assert ended.result == "waited"
    assert len(await rows(database, "SELECT * FROM runs WHERE kind = 'resume'")) == 1


@pytest.mark.parametrize("point", ["end_before_commit", "end_after_commit"])
async def test_a_worker_killed_between_the_interrupt_and_the_timer_loses_no_wait(
    database: Database, database_url: str, point: str
) -> None:
    case_id = await start(database)

    with worker(database_url, f"{point}:kill:1") as process:
        await dies(process)
    with worker(database_url):
        await comes_to(database, case_id, "waiting")
        await pass_time(database)
        ended = await comes_to(database, case_id, "succeeded")

    assert ended.result == "waited"
    assert [timer.status for timer in await timers_of(database, case_id)] == ["fired"]


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
@pytest.mark.parametrize("skew", ["+2d", "-2d"])
async def test_a_worker_with_a_wrong_clock_fires_nothing_early_and_nothing_late(
    database: Database, database_url: str, skew: str
) -> None:
    due = await started(database)
    await pass_time(database)
    not_due = await started(database, "parallel")
    begun_there = await start(database, "parallel")

    with worker(database_url, LD_PRELOAD=FAKETIME, FAKETIME=skew, FAKETIME_DONT_FAKE_MONOTONIC="1"):
        await comes_to(database, begun_there, "waiting")
        await comes_to(database, due, "succeeded")

    assert [timer.status for timer in await timers_of(database, not_due)] == ["set"]
    lengths = await rows(database, "SELECT due_at - set_at AS length FROM timers WHERE status = 'set'")
    assert [row["length"] for row in lengths] == [timedelta(hours=1)] * 2
