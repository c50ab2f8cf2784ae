"""Many attempts save at once: one transaction, and nobody pays for a neighbour."""

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.base import id as ids
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.graph import START, StateGraph
from savers import METADATA, checkpoint_with, config_of, new_attempt, saver_of, supersede

from benchmarks.reference import cases, graph
from server.errors import AttemptSuperseded, StateNotStorable, Unavailable
from server.storage.database import Database
from server.storage.saver_writer import Attempt

WRITES_AND_CHECKPOINTS = """
    SELECT later.xmin = writes.xmin AS together FROM checkpoints AS later
    JOIN checkpoint_writes AS writes ON writes.checkpoint_id = later.parent_checkpoint_id
"""

HOUR_IN_TICKS = (3600 * 10_000_000) >> 12  # of the 48 bits in front of an id, which leave out the last 12


class Done(TypedDict):
    """What has been done by parallel steps."""

    item: str
    done: Annotated[list[str], operator.add]


async def save(database: Database, attempt: Attempt, value: Any = "x") -> None:
    checkpoint = checkpoint_with({"value": value})
    await saver_of(database, attempt).aput(config_of(attempt.case_id), checkpoint, METADATA, {"value": "1"})


async def rows(database: Database, query: str) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def saved_cases(database: Database) -> set[str]:
    return {row["thread_id"] for row in await rows(database, "SELECT thread_id FROM checkpoints")}


async def test_what_many_attempts_save_at_once_is_one_transaction(database: Database) -> None:
    attempts = [await new_attempt(database) for _ in range(20)]

    await asyncio.gather(*(save(database, attempt, ["x"]) for attempt in attempts))

    (count,) = await rows(
        database,
        "SELECT COUNT(*) AS rows, COUNT(DISTINCT xmin::text) AS transactions FROM"
        " (SELECT xmin FROM checkpoints UNION ALL SELECT xmin FROM checkpoint_blobs) AS saved",
    )
    assert count == {"rows": 40, "transactions": 1}


async def test_a_steps_writes_and_the_checkpoint_after_it_are_one_transaction(database: Database) -> None:
    attempt = await new_attempt(database)
    runnable = graph.compile(checkpointer=saver_of(database, attempt))

    await runnable.ainvoke(cases(1)[0], config_of(attempt.case_id), durability="sync")

    steps = await rows(database, f"{WRITES_AND_CHECKPOINTS} WHERE later.metadata->>'step' > '0'")
    assert len(steps) > 3
    assert all(step["together"] for step in steps)


async def test_a_parallel_step_that_ended_early_is_saved_before_the_others_end(database: Database) -> None:
    attempt = await new_attempt(database)
    runnable = fan_out(database).compile(checkpointer=saver_of(database, attempt))

    await runnable.ainvoke({"item": "x"}, config_of(attempt.case_id), durability="sync")

    steps = await rows(database, f"{WRITES_AND_CHECKPOINTS} WHERE writes.channel = 'done' ORDER BY together")
    assert [step["together"] for step in steps] == [False, True]


def fan_out(database: Database) -> StateGraph[Any, Any, Any, Any]:
    """Two steps at once; the second ends only after the first one's writes can be read."""

    def early(state: Done) -> dict[str, Any]:
        return {"done": ["early"]}

    async def late(state: Done) -> dict[str, Any]:
        while not await rows(database, "SELECT 1 FROM checkpoint_writes WHERE channel = 'done'"):
            pass
        return {"done": ["late"]}

    return StateGraph(Done).add_node(early).add_node(late).add_edge(START, "early").add_edge(START, "late")


async def test_a_superseded_attempt_fails_alone(database: Database) -> None:
    old, neighbour = await new_attempt(database), await new_attempt(database)
    new = await supersede(database, old)

    results = await asyncio.gather(
        save(database, old), save(database, neighbour), save(database, new), return_exceptions=True
    )

    assert [type(result) for result in results] == [AttemptSuperseded, type(None), type(None)]
    assert await saved_cases(database) == {str(new.case_id), str(neighbour.case_id)}
    assert len(await rows(database, "SELECT 1 FROM checkpoints")) == 2


@pytest.mark.parametrize("bad", ["a\0b", float("nan"), "\ud800", [1 << 80]])
async def test_a_checkpoint_that_postgresql_refuses_fails_alone(database: Database, bad: Any) -> None:
    bearer, neighbour = await new_attempt(database), await new_attempt(database)

    results = await asyncio.gather(
        save(database, bearer, bad), save(database, neighbour), return_exceptions=True
    )

    assert [type(result) for result in results] == [StateNotStorable, type(None)]
    assert await saved_cases(database) == {str(neighbour.case_id)}


async def test_what_an_attempt_saves_at_once_is_saved_whole_or_not_at_all(database: Database) -> None:
    attempt = await new_attempt(database)
    writing = saver_of(database, attempt).aput_writes(
        config_of(attempt.case_id, "1"), [("a", "b")], "t", "\0"
    )

    results = await asyncio.gather(writing, save(database, attempt), return_exceptions=True)

    assert [type(result) for result in results] == [StateNotStorable, StateNotStorable]
    assert await saved_cases(database) == set()


async def test_nobody_waits_for_a_neighbours_case_that_is_being_changed(database: Database) -> None:
    busy, neighbour = await new_attempt(database), await new_attempt(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET title = 'x' WHERE id = %s", (busy.case_id,))

        waiting = asyncio.create_task(save(database, busy))
        await save(database, neighbour)

        assert await saved_cases(database) == {str(neighbour.case_id)}
    await waiting
    assert await saved_cases(database) == {str(busy.case_id), str(neighbour.case_id)}


async def test_one_who_gives_up_takes_nobodys_answer_along(database: Database) -> None:
    attempt = await new_attempt(database)
    first, second = (asyncio.create_task(save(database, attempt)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    await second
    assert await saved_cases(database) == {str(attempt.case_id)}


async def test_a_connection_that_was_cut_costs_nothing(database: Database) -> None:
    attempt = await new_attempt(database)
    async with await database.connect() as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    await save(database, attempt)

    assert await saved_cases(database) == {str(attempt.case_id)}


async def test_without_a_database_everybody_is_told(database: Database) -> None:
    attempts = [await new_attempt(database) for _ in range(2)]
    await database.pool.close()

    results = await asyncio.gather(*(save(database, one) for one in attempts), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable, Unavailable]


async def test_an_interrupt_replaces_the_earlier_one_and_a_result_does_not(database: Database) -> None:
    attempt = await new_attempt(database)
    saver, config = saver_of(database, attempt), config_of(attempt.case_id, "1")

    for value in ("first", "second"):
        await asyncio.gather(
            saver.aput_writes(config, [("__interrupt__", f"{value}, early"), ("result", value)], "t"),
            saver.aput_writes(config, [("__interrupt__", value)], "t"),
            saver.aput_writes(config, [("result", value)], "t"),
            saver.aput_writes(config, [("result", f"{value}, late")], "t"),
        )

    kept = await rows(database, "SELECT channel, type, blob FROM checkpoint_writes")
    values = {row["channel"]: saver.serde.loads_typed((row["type"], row["blob"])) for row in kept}
    assert values == {"__interrupt__": "second", "result": "first"}


VALUES = {
    "text": "x",
    "nothing": None,
    "flag": True,
    "number": 2**40,
    "ratio": 0.1,
    "list": [{"a": [1, "é"]}],
    "empty": [],
    "snapshot": _DeltaSnapshot([1, 2]),
}
WRITES: list[list[tuple[str, Any]]] = [
    [("text", "x"), ("list", [1]), ("nothing", None)],
    [("__interrupt__", [1]), ("__resume__", [2])],
    [("__error__", "e"), ("text", "x")],
    [],
]


async def store_everything(saver: AsyncPostgresSaver, thread: str) -> list[Any]:
    """Let a saver write what there is to write, and read its rows and what it makes of them."""
    checkpoint = checkpoint_with(VALUES) | {"id": "2"}
    versions: Any = {name: "1" for name in VALUES if name != "empty"}
    config = await saver.aput(
        config_of(thread, "1") | {"metadata": {"tenant": "t"}}, checkpoint, METADATA, versions
    )
    for number, writes in enumerate(WRITES):
        await saver.aput_writes(config, writes, f"task-{number}", f"path-{number}")
    kept: list[Any] = [config]
    for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
        async with saver._cursor() as cursor:
            await cursor.execute(
                f"SELECT * FROM {table} WHERE thread_id = %s ORDER BY {table}".encode(), (thread,)
            )
            kept.append(await cursor.fetchall())
    return [*kept, await saver.aget_tuple(config_of(thread))]


async def test_it_writes_the_rows_that_the_stock_saver_writes(database: Database) -> None:
    attempt = await new_attempt(database)
    thread = str(attempt.case_id)
    stock = await store_everything(AsyncPostgresSaver(database.pool), thread)
    await AsyncPostgresSaver(database.pool).adelete_thread(thread)

    ours = await store_everything(saver_of(database, attempt), thread)

    assert len(ours[3]) == 7
    assert {**ours[1][0]["checkpoint"], "ts": 0} == {**stock[1][0]["checkpoint"], "ts": 0}
    for rows_ in (ours[1], stock[1]):
        rows_[0].pop("checkpoint")
    assert ours[:4] == stock[:4]
    assert ours[4].checkpoint["channel_values"] == stock[4].checkpoint["channel_values"]
    assert ours[4].pending_writes == stock[4].pending_writes


async def test_a_worker_whose_clock_is_behind_still_saves_the_newest_checkpoint(database: Database) -> None:
    attempt = await new_attempt(database)
    config = config_of(attempt.case_id)
    of_fast_clock = checkpoint_with({"value": "old"})
    made_at = ids.UUID(of_fast_clock["id"])
    of_fast_clock["id"] = str(ids.UUID(int=made_at.int + (HOUR_IN_TICKS << 80), version=6))
    await saver_of(database, attempt).aput(config, of_fast_clock, METADATA, {"value": "1"})

    await saver_of(database, attempt).aget_tuple(config)
    await save(database, attempt, "new")

    newest = await saver_of(database, attempt).aget_tuple(config)
    assert newest is not None
    assert newest.checkpoint["channel_values"] == {"value": "new"}
