"""What the saver knows of the newest checkpoint without reading it again."""

from typing import Any

import pytest
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command
from savers import METADATA, checkpoint_with, config_of, new_attempt, saver_of

from benchmarks.reference import cases, graph
from server.errors import StateNotStorable
from server.storage.database import Database


async def test_what_it_knows_of_the_newest_checkpoint_is_what_stands_there(database: Database) -> None:
    attempt = await new_attempt(database)
    saver, config = saver_of(database, attempt), config_of(attempt.case_id)
    runnable = graph.compile(checkpointer=saver)
    known, standing = [await saver.aget_tuple(config)], [await stock_tuple(database, config)]

    for input_ in (cases(1)[0], Command(resume={"approved": True})):
        await runnable.ainvoke(input_, config, durability="sync")
        known += [await saver.aget_tuple(config), await saver_of(database, attempt).aget_tuple(config)]
        standing += 2 * [await stock_tuple(database, config)]

    assert [one and one.metadata["step"] for one in known] == [None, 3, 3, 6, 6]
    assert known == standing


async def stock_tuple(database: Database, config: Any) -> CheckpointTuple | None:
    return await AsyncPostgresSaver(database.pool).aget_tuple(config)


async def test_the_state_at_the_end_of_a_run_is_known_without_asking(database: Database) -> None:
    attempt = await new_attempt(database)
    runnable = graph.compile(checkpointer=saver_of(database, attempt))
    await runnable.ainvoke(cases(1)[0], config_of(attempt.case_id), durability="sync")

    await database.pool.close()

    state = await runnable.aget_state(config_of(attempt.case_id))
    assert (state.next, state.values["title"]) == (("approve",), "purchase 000000")


async def test_what_is_read_and_changed_stays_as_it_is_in_memory(database: Database) -> None:
    attempt = await new_attempt(database)
    saver, config = saver_of(database, attempt), config_of(attempt.case_id)
    await saver.aget_tuple(config)
    await saver.aput(config, checkpoint_with({"list": [1]}), METADATA, {"list": "1"})
    read = await saver.aget_tuple(config)
    assert read is not None

    read.checkpoint["channel_values"]["list"].append(2)
    read.checkpoint["versions_seen"]["step"] = {"list": "1"}

    again = await saver.aget_tuple(config)
    assert again is not None
    assert (again.checkpoint["channel_values"], again.checkpoint["versions_seen"]) == ({"list": [1]}, {})


async def test_after_a_refusal_the_newest_checkpoint_is_read_anew(database: Database) -> None:
    attempt = await new_attempt(database)
    saver, config = saver_of(database, attempt), config_of(attempt.case_id)
    await saver.aget_tuple(config)

    with pytest.raises(StateNotStorable):
        await saver.aput(config, checkpoint_with({"text": "a\0b"}), METADATA, {"text": "1"})

    assert await saver.aget_tuple(config) is None


async def test_a_branch_from_an_earlier_checkpoint_is_read_anew(database: Database) -> None:
    attempt = await new_attempt(database)
    saver, config = saver_of(database, attempt), config_of(attempt.case_id)
    await saver.aget_tuple(config)
    first = await saver.aput(config, checkpoint_with({"list": [1]}), METADATA, {"list": "1"})
    second = checkpoint_with({"list": [2]}) | {"channel_versions": {"list": "2"}}
    await saver.aput(first, second, METADATA, {"list": "2"})

    await saver.aput(first, checkpoint_with({"list": [1]}), METADATA, {})

    newest = await saver.aget_tuple(config)
    assert newest is not None
    assert newest.checkpoint["channel_values"] == {"list": [1]}
