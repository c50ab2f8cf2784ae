"""Which waiting run is admitted, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from server.engine.backlog import Backlog
from server.engine.cases import Order, answer_review, start_case
from server.engine.limits import Admission, HostLimits, Limits
from server.engine.registry import Registry, as_process
from server.engine.runner import Runner
from server.engine.worker import Worker
from server.errors import QueueFull
from server.storage.admission import AdmissionLimit, admit_due, set_limits
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.reviews import list_reviews


def joined(left: list[str], right: list[str]) -> list[str]:
    return [*left, *right]


class Talk(BaseModel):
    """What a case of the process with two reviews at once carries."""

    said: Annotated[list[str], joined] = []


def ask(who: str) -> Any:
    def node(state: Talk) -> dict[str, Any]:
        return {"said": [f"{who}: {interrupt({'question': f'What says {who}?', 'role': who})}"]}

    return node


def registry(limits: HostLimits | None = None) -> Registry:
    builder = StateGraph(Talk)
    for who in ("anna", "ben"):
        builder.add_node(who, ask(who)).add_edge(START, who).add_edge(who, END)
    return Registry([as_process("two", builder, doc="Two reviews at once.", store=None)], limits=limits)


async def start(database: Database, **order: Any) -> Case:
    process = registry().get("two")
    case, _ = await start_case(database, process, input_={}, actor="anna", key=None, order=Order(**order))
    return case


async def runs(database: Database, case_id: UUID | None = None) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT id, case_id, kind, status FROM runs WHERE %(case)s::uuid IS NULL OR case_id = %(case)s"
            " ORDER BY created_at",
            {"case": case_id},
        )
        return await cursor.fetchall()


async def limit(database: Database, **limits: Any) -> None:
    limits = {"scope": "process", "name": "two", "concurrency": None, "starts_per_minute": None} | limits
    async with database.transaction() as connection:
        await set_limits(connection, [AdmissionLimit(**limits)])


async def admit(database: Database) -> int:
    async with database.transaction() as connection:
        return await admit_due(connection)


async def run_ready(database: Database) -> None:
    runner = Runner(database, registry())
    for run in await runs(database):
        if run["status"] == "ready":
            await runner.run(run["id"], worker=1)


async def case_of(database: Database, case_id: UUID) -> Case:
    async with database.transaction() as connection:
        return await get_case(connection, case_id)


async def come_to(database: Database, status: str, *, cases: list[Case]) -> None:
    while {(await case_of(database, case.id)).status for case in cases} != {status}:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_two_reviews_answered_at_once_are_both_accepted_and_resume_one_after_the_other(
    database: Database,
) -> None:
    case = await start(database)
    await run_ready(database)
    async with database.transaction() as connection:
        reviews = await list_reviews(connection, case_id=case.id, limit=10)

    await asyncio.gather(
        *(answer_review(database, review.id, answer="yes", actor=str(review.role)) for review in reviews)
    )

    assert [run["status"] for run in await runs(database, case.id)] == ["interrupted", "ready", "waiting"]
    await run_ready(database)
    assert [run["status"] for run in await runs(database, case.id)] == ["interrupted", "interrupted", "ready"]
    assert (await case_of(database, case.id)).status == "running"
    await run_ready(database)
    assert (await case_of(database, case.id)).status == "succeeded"
    async with database.transaction() as connection:
        reviews = await list_reviews(connection, case_id=case.id, limit=10)
    assert {(review.status, review.answered_by) for review in reviews} == {
        ("answered", "anna"),
        ("answered", "ben"),
    }


async def test_a_case_has_one_run_under_way_however_many_answers_come(database: Database) -> None:
    cases = [await start(database) for _ in range(5)]
    await run_ready(database)
    async with database.transaction() as connection:
        reviews = [
            review for case in cases for review in await list_reviews(connection, case_id=case.id, limit=9)
        ]

    async with asyncio.timeout(60), working(database):
        await asyncio.gather(
            *(answer_review(database, review.id, answer="yes", actor="x") for review in reviews)
        )
        await come_to(database, "succeeded", cases=cases)

    assert {run["status"] for run in await runs(database)} == {"interrupted", "succeeded"}


async def test_a_case_with_a_later_start_waits_for_its_time(database: Database) -> None:
    case = await start(database, start_at=datetime.now(UTC) + timedelta(hours=1))

    assert await admit(database) == 0
    assert (await case_of(database, case.id)).status == "waiting"

    async with database.transaction() as connection:
        await connection.execute("UPDATE runs SET due_at = now()")
    assert await admit(database) == 1
    await run_ready(database)
    assert [run["status"] for run in await runs(database, case.id)] == ["interrupted"]


async def test_no_more_runs_than_the_process_may_have_are_admitted(database: Database) -> None:
    await limit(database, concurrency=2)

    for _ in range(5):
        await start(database)

    assert await admit(database) == 2
    assert await admit(database) == 0
    await run_ready(database)
    assert await admit(database) == 2


async def test_a_run_that_ends_frees_its_place_at_once(database: Database) -> None:
    limits = HostLimits(processes={"two": Limits(concurrency=1)})
    await limit(database, concurrency=1)  # as a worker does when it starts, which may be after the first case
    async with asyncio.timeout(30), working(database, limits):
        cases = [await start(database) for _ in range(8)]
        await come_to(database, "waiting", cases=cases)

    async with database.transaction() as connection:
        overlaps = await connection.execute(
            "SELECT count(*) FROM runs a JOIN runs b ON a.id < b.id"
            " AND (a.started_at, a.ended_at) OVERLAPS (b.started_at, b.ended_at)"
        )
        assert await overlaps.fetchone() == {"count": 0}


async def test_starts_beyond_the_rate_wait_and_answers_do_not(database: Database) -> None:
    case = await start(database)
    await run_ready(database)
    await limit(database, starts_per_minute=2)  # of which the first case has had one
    for _ in range(3):
        await start(database)
    async with database.transaction() as connection:
        review = (await list_reviews(connection, case_id=case.id, limit=1))[0]

    await answer_review(database, review.id, answer="yes", actor="ben")

    assert await admit(database) == 2
    kinds = [run["kind"] for run in await runs(database) if run["status"] == "ready"]
    assert sorted(kinds) == ["resume", "start"]


async def test_a_tenant_without_limits_of_its_own_has_those_of_the_default(database: Database) -> None:
    await limit(database, scope="tenant", name="default", concurrency=1)
    for _ in range(2):
        await start(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE runs SET tenant = 'other'")

    assert await admit(database) == 1


async def test_the_more_urgent_case_goes_first(database: Database) -> None:
    await limit(database, concurrency=1)
    await start(database)
    urgent = await start(database, priority=5)

    await admit(database)

    assert [run["case_id"] for run in await runs(database) if run["status"] == "ready"] == [urgent.id]


async def test_a_flood_of_one_tenant_holds_up_no_other(database: Database) -> None:
    await limit(database, concurrency=1)
    cases = [await start(database) for _ in range(6)]
    await admit(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE runs SET tenant = 'quiet' WHERE case_id = %s", (cases[-1].id,))
    await limit(database, concurrency=2)

    await admit(database)

    ready = [run["case_id"] for run in await runs(database) if run["status"] == "ready"]
    assert ready == [cases[0].id, cases[-1].id]


async def test_a_start_is_refused_while_the_queue_is_full(database: Database) -> None:
    backlog = Backlog(database, registry(HostLimits(processes={"two": Limits(queue=2)})))
    await start(database)
    await backlog.check("two")
    await start(database)

    with pytest.raises(QueueFull):
        await Backlog(database, registry(HostLimits(processes={"two": Limits(queue=2)}))).check("two")


async def test_a_run_of_a_held_case_is_not_admitted(database: Database) -> None:
    await limit(database, concurrency=5)
    case = await start(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET status = 'suspended' WHERE id = %s", (case.id,))

    assert await admit(database) == 0


@asynccontextmanager
async def working(database: Database, limits: HostLimits | None = None) -> AsyncIterator[None]:
    worker = asyncio.create_task(Worker(database, registry(limits), concurrency=4).run())
    yield
    worker.cancel()
    await asyncio.wait({worker})


def test_limits_of_tenants_are_those_of_the_file() -> None:
    limits = HostLimits(tenants={"default": Admission(concurrency=3)})

    assert limits.of_tenant("any").concurrency == 3
