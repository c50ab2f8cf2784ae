"""A running case at each of its limits: it stops there, in time, under a name."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from greedy_process import Greed, greedy_process, hang, hang_async, held, parts_done
from langgraph.graph import START, StateGraph
from langgraph.types import TimeoutPolicy

from server.engine.cases import answer_review, start_case
from server.engine.history import read_history
from server.engine.limits import Limits
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.errors import AttemptSuperseded
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.incidents import Incident, list_incidents
from server.storage.reviews import list_reviews

pytestmark = pytest.mark.usefixtures("fresh_marks")


@pytest.fixture
async def fresh_marks() -> AsyncIterator[None]:
    parts_done.clear()
    held.clear()
    yield
    held.set()


async def run_ready(database: Database, process: Process) -> None:
    """Do what a worker would do with every ready run."""
    runner = Runner(database, Registry([process]))
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
    for row in rows:
        await runner.run(row["id"], worker=1)


async def rested(database: Database, limits: Limits, what: str, count: int = 0) -> Case:
    """Start a case and return it when it rests."""
    process = greedy_process(limits)
    input_ = {"what": what, "count": count}
    case, _ = await start_case(database, process, input_=input_, actor="anna", key=None)
    await run_ready(database, process)
    async with database.transaction() as connection:
        return await get_case(connection, case.id)


async def answered(database: Database, limits: Limits, case: Case, answer: Any) -> Case:
    """Answer the case's only review and return the case when it rests again."""
    async with database.transaction() as connection:
        (review,) = await list_reviews(connection, case_id=case.id, status="open", limit=10)
    await answer_review(database, review.id, answer=answer, actor="ben")
    await run_ready(database, greedy_process(limits))
    async with database.transaction() as connection:
        return await get_case(connection, case.id)


async def incident_of(database: Database, case: Case) -> Incident:
    async with database.transaction() as connection:
        (incident,) = await list_incidents(connection, case_id=case.id, status="open", limit=10)
        return incident


async def state_of(database: Database, case: Case) -> dict[str, Any]:
    return (await read_history(database, greedy_process(Limits()), case.id)).values


async def test_a_run_takes_exactly_the_rounds_that_it_may(database: Database) -> None:
    limits = Limits(supersteps=5)

    ended = await rested(database, limits, "loop", 4)  # `act` is a round too
    stopped = await rested(database, limits, "loop", 5)

    assert ended.status == "succeeded"
    incident = await incident_of(database, stopped)
    assert (incident.code, incident.kind) == ("recursion_limit", "limit")
    assert (await state_of(database, stopped))["rounds"] == 4


async def test_a_run_that_resumes_has_its_own_rounds(database: Database) -> None:
    limits = Limits(supersteps=5)

    ended = await answered(database, limits, await rested(database, limits, "ask"), 4)  # and `ask`
    stopped = await answered(database, limits, await rested(database, limits, "ask"), 5)

    assert ended.status == "succeeded"
    assert (await incident_of(database, stopped)).code == "recursion_limit"
    assert (await state_of(database, stopped))["rounds"] == 4


async def test_the_rounds_of_all_runs_are_counted_together(database: Database) -> None:
    limits = Limits(supersteps=50, case_supersteps=6)

    ended = await answered(database, limits, await rested(database, limits, "ask"), 4)
    stopped = await answered(database, limits, await rested(database, limits, "ask"), 5)

    assert ended.status == "succeeded"
    incident = await incident_of(database, stopped)
    assert (incident.code, incident.kind) == ("case_superstep_limit", "limit")
    assert (await state_of(database, stopped))["rounds"] == 4


async def test_a_fan_out_over_the_limit_begins_none_of_its_steps(database: Database) -> None:
    stopped = await rested(database, Limits(), "fan_out", 1000)

    incident = await incident_of(database, stopped)
    assert (incident.code, incident.kind, incident.step) == ("fan_out_limit", "limit", "act")
    assert "1,000" in incident.message
    assert parts_done == []


async def test_a_fan_out_within_the_limit_runs(database: Database) -> None:
    ended = await rested(database, Limits(fan_out=30), "fan_out", 30)

    assert ended.status == "succeeded"
    assert sorted(parts_done) == list(range(30))


async def test_a_step_that_returns_too_much_is_not_stored(database: Database) -> None:
    stopped = await rested(database, Limits(state_bytes=50_000), "large", 50_001)

    incident = await incident_of(database, stopped)
    assert (incident.code, incident.kind, incident.step) == ("state_limit", "limit", "act")
    assert await largest_value(database) < 1000


async def test_a_state_that_grows_stops_at_its_limit(database: Database) -> None:
    stopped = await rested(database, Limits(state_bytes=5_000), "grow", 10)

    incident = await incident_of(database, stopped)
    assert (incident.code, incident.message[:9]) == ("state_limit", "the state")
    assert (await state_of(database, stopped))["rounds"] == 5
    assert await largest_value(database) < 5_500


async def largest_value(database: Database) -> int:
    async with database.transaction() as connection:
        row = await (
            await connection.execute(
                "SELECT greatest((SELECT max(length(blob)) FROM checkpoint_blobs),"
                " (SELECT max(length(blob)) FROM checkpoint_writes),"
                " (SELECT max(length(checkpoint::text)) FROM checkpoints)) AS size"
            )
        ).fetchone()
    assert row is not None
    size: int = row["size"]
    return size


async def test_what_no_checkpoint_can_keep_is_named_by_step_and_field(database: Database) -> None:
    for what, field in [
        ("nul", "text"),
        ("surrogate", "text"),
        ("nan", "value.total"),
        ("infinity", "value.1"),
        ("integer_over_64_bits", "value.lines.0.count"),
    ]:
        stopped = await rested(database, Limits(), what)

        incident = await incident_of(database, stopped)
        assert (incident.code, incident.kind, incident.step) == ("state_not_storable", "permanent", "act")
        assert f" {field} " in incident.message
        assert await state_of(database, stopped) == {"what": what, "count": 0, "done": []}


async def test_a_question_that_no_checkpoint_can_keep_opens_no_review(database: Database) -> None:
    stopped = await rested(database, Limits(), "question")

    incident = await incident_of(database, stopped)
    assert (incident.code, incident.step) == ("state_not_storable", "ask")
    assert "interrupt.0.question" in incident.message
    async with database.transaction() as connection:
        assert await list_reviews(connection, case_id=stopped.id, limit=10) == []


@pytest.mark.parametrize("what", ["hang", "hang_async"])
async def test_a_step_that_does_not_end_in_time_is_abandoned_and_shut_out(
    database: Database, what: str
) -> None:
    stopped = await rested(database, Limits(step_s=2), what)

    incident = await incident_of(database, stopped)
    assert (incident.code, incident.kind, incident.step) == ("step_deadline", "limit", what)
    with pytest.raises(AttemptSuperseded):
        async with database.transaction() as connection:
            await connection.execute("SELECT assert_attempt(%s, 1)", (stopped.id,))


async def test_what_an_abandoned_step_returns_is_not_kept(database: Database) -> None:
    stopped = await rested(database, Limits(step_s=2), "hang")

    held.set()
    await asyncio.to_thread(lambda: None)

    assert (await state_of(database, stopped))["text"] == "ready"


def test_a_process_may_set_a_shorter_deadline_and_no_longer_one() -> None:
    builder = (
        StateGraph(Greed)
        .add_node("short", hang_async, timeout=2.0)
        .add_node("long", hang_async, timeout=99.0)
        .add_node("idle", hang_async, timeout=TimeoutPolicy(idle_timeout=1.0))
        .add_node("none", hang)
        .add_edge(START, "short")
    )

    process = as_process("timed", builder, doc="", store=None, limits=Limits(step_s=10))

    times = {name: node.timeout for name, node in process.timed_nodes.items() if node.timeout}
    assert {name: time.run_timeout for name, time in times.items()} == {
        "short": 2.0,
        "long": 10.0,
        "idle": 10.0,
        "none": 10.0,
    }
    assert times["idle"].idle_timeout == 1.0
