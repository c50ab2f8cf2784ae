"""Cases whose version no worker serves any more: adopted where they can go on, else an incident."""

from typing import Any
from uuid import UUID

import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel
from small_processes import Order, ask_size, fail_on_zero, name_it, small_process
from test_runner import case_of, only_review, ready_runs

from server.engine.adoption import adopt_stranded
from server.engine.cases import answer_review, start_case
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.storage.cases import Case
from server.storage.database import Database
from server.storage.versions import list_queues, save_versions
from server.storage.workers import register_worker


class HeavyOrder(Order):
    """A state that asks for more than the small process wrote."""

    weight: int


def ask_twice(state: Order) -> dict[str, Any]:
    """Ask under another name."""
    return ask_size(state)


def check(state: Order) -> dict[str, Any]:
    """Look at the size."""
    return {}


def changed(
    *steps: Any, state: type[BaseModel] = Order, input_: type[BaseModel] | None = None, name: str = "small"
) -> Process:
    builder = (
        StateGraph(state, input_schema=input_)
        .add_sequence(list(steps))
        .add_edge(START, steps[0].__name__)
        .add_edge(steps[-1].__name__, END)
    )
    return as_process(name, builder, doc="The small process, changed.", store=None)


LONGER = changed(name_it, ask_size, check, fail_on_zero)
WITHOUT_ITS_STEP = changed(name_it, ask_twice, fail_on_zero)
WITH_OTHER_STATE = changed(name_it, ask_size, fail_on_zero, state=HeavyOrder, input_=Order)


async def start(database: Database, process: Process) -> Case:
    case, _ = await start_case(database, process, input_={"item": "chair"}, actor="anna", key=None)
    return case


async def run_all(database: Database, process: Process) -> None:
    runner = Runner(database, Registry([process]))
    for run_id in await ready_runs(database):
        await runner.run(run_id, worker=1)


async def at_work(database: Database, *processes: Process) -> None:
    """Let workers of these versions be there, and no others any more; what is ready has been so for long."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE workers SET seen_at = now() - interval '1 hour'")
        await connection.execute("UPDATE runs SET created_at = created_at - interval '1 hour'")
        for process in processes:
            await save_versions(connection, [process])
            await register_worker(connection, "w", serves=await list_queues(connection, [process]))


async def answered(database: Database, process: Process) -> UUID:
    """A case that was asked under `process`, and answered."""
    await at_work(database, process)
    case = await start(database, process)
    await run_all(database, process)
    await answer_review(database, (await only_review(database, case.id)).id, answer={"size": 3}, actor="ben")
    return case.id


async def adopt(database: Database, process: Process) -> None:
    await at_work(database, process)
    await adopt_stranded(database, Registry([process]))


async def actions(database: Database) -> list[str]:
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT action FROM audit_entries ORDER BY id")).fetchall()
    return [row["action"] for row in rows]


async def queues(database: Database) -> list[str]:
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT queue FROM runs WHERE status = 'ready'")).fetchall()
    return [row["queue"] for row in rows]


async def test_a_case_waits_in_the_queue_of_its_version(database: Database) -> None:
    case = await start(database, small_process())

    assert case.version == small_process().version
    assert await queues(database) == [f"small@{case.version}"]


async def test_a_case_that_can_go_on_is_adopted_and_keeps_its_answer(database: Database) -> None:
    case_id = await answered(database, small_process())

    await adopt(database, LONGER)
    await run_all(database, LONGER)

    case = await case_of(database, case_id)
    assert (case.status, case.result, case.version) == ("succeeded", "size 3", LONGER.version)
    assert "case_adopted" in await actions(database)


async def test_an_adopted_run_has_one_job_and_it_is_in_the_new_queue(database: Database) -> None:
    await start(database, small_process())

    await adopt(database, LONGER)

    assert await queues(database) == [f"small@{LONGER.version}"]


@pytest.mark.parametrize(
    ("process", "reason"),
    [
        (WITHOUT_ITS_STEP, "the step 'ask_size', which asked the open review, is gone"),
        (WITH_OTHER_STATE, "the state's field 'weight': Field required"),
    ],
    ids=["step gone", "state changed"],
)
async def test_a_case_that_cannot_go_on_becomes_an_incident_that_says_why(
    database: Database, process: Process, reason: str
) -> None:
    case_id = await answered(database, small_process())

    await adopt(database, process)
    await run_all(database, process)

    case = await case_of(database, case_id)
    assert (case.status, case.version) == ("incident", small_process().version)
    assert case.error is not None
    assert case.error["code"] == "version_gone"
    assert reason in case.error["message"]


async def test_a_start_that_nobody_began_is_adopted_although_no_step_is_the_same(database: Database) -> None:
    await at_work(database, small_process())
    case = await start(database, small_process())
    process = changed(check, ask_twice)

    await adopt(database, process)
    await run_all(database, process)

    assert (await case_of(database, case.id)).status == "waiting"


async def test_a_case_of_a_version_that_is_at_work_is_left_to_it(database: Database) -> None:
    case_id = await answered(database, small_process())
    await at_work(database, small_process(), LONGER)

    await adopt_stranded(database, Registry([LONGER]))

    assert (await case_of(database, case_id)).version == small_process().version


async def test_of_several_versions_at_work_the_newest_adopts(database: Database) -> None:
    case_id = await answered(database, small_process())
    await at_work(database, WITHOUT_ITS_STEP)
    await at_work(database, WITHOUT_ITS_STEP, LONGER)

    await adopt_stranded(database, Registry([WITHOUT_ITS_STEP]))
    await adopt_stranded(database, Registry([LONGER]))

    assert (await case_of(database, case_id)).version == LONGER.version


async def test_a_run_of_a_version_that_was_served_is_adopted_without_delay(database: Database) -> None:
    case_id = await answered(database, small_process())
    async with database.transaction() as connection:
        await connection.execute("UPDATE workers SET seen_at = now() - interval '6 seconds'")
        await save_versions(connection, [LONGER])
        await register_worker(connection, "w", serves=await list_queues(connection, [LONGER]))

    await adopt_stranded(database, Registry([LONGER]))

    assert (await case_of(database, case_id)).version == LONGER.version


async def test_a_start_for_workers_that_still_start_is_left_to_them(database: Database) -> None:
    await at_work(database, small_process())
    case = await start(database, LONGER)

    await adopt_stranded(database, Registry([small_process()]))

    assert (await case_of(database, case.id)).version == LONGER.version


async def test_a_delayed_start_is_adopted_when_its_time_has_come(database: Database) -> None:
    await at_work(database, small_process())
    case = await start(database, small_process())
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET status = 'waiting'")

    await adopt(database, LONGER)

    assert (await case_of(database, case.id)).version == LONGER.version


async def test_a_case_from_before_versions_is_adopted(database: Database) -> None:
    case_id = await answered(database, small_process())
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET version = ''")

    await adopt(database, LONGER)

    assert (await case_of(database, case_id)).version == LONGER.version


async def test_a_worker_puts_back_a_run_of_a_version_that_it_does_not_have(database: Database) -> None:
    case_id = await answered(database, small_process())

    await run_all(database, WITHOUT_ITS_STEP)

    assert (await case_of(database, case_id)).status != "succeeded"
    assert await ready_runs(database) != []
