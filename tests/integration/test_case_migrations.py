"""Waiting cases taken to a changed process, and back: each whole or not at all."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import ROOT
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel
from small_processes import Size, small_process
from test_adoption import at_work, run_all, start
from test_runner import case_of

from server.engine.case_migrations import (
    MigrationOrder,
    carry_out,
    preview_migration,
    start_migration,
    undo_migration,
)
from server.engine.cases import answer_review
from server.engine.history import read_history
from server.engine.interventions import Intervention, intervene
from server.engine.migration_plan import Plan
from server.engine.registry import Process, Registry, as_process
from server.errors import BadRequest, Conflict
from server.failpoints import VARIABLE
from server.storage.case_migrations import MigratedCase, count_cases, list_migrated_cases
from server.storage.database import Database
from server.storage.reviews import Review, list_reviews
from server.storage.runs import enqueue_run


class Parcel(BaseModel):
    """The state after the change: an item is a thing now, and it has a weight."""

    thing: str
    weight: int
    size: int = 0
    title: str = ""
    result: str = ""


class Arrival(BaseModel):
    """What starts a case after the change."""

    thing: str


def measure(state: Parcel) -> dict[str, Any]:
    """Ask under a new name, in new words."""
    answer = interrupt({"question": f"How large is the thing {state.thing}?"}, response_schema=Size)
    return {"size": answer.size}


def finish(state: Parcel) -> dict[str, Any]:
    """Say what came of it."""
    return {"result": f"{state.thing}: {state.weight} g, size {state.size}"}


def weigh(state: Parcel) -> dict[str, Any]:
    """Ask once more."""
    answer = interrupt({"question": f"How heavy is the thing {state.thing}?"}, response_schema=Size)
    return {"weight": answer.size}


def parcel_process() -> Process:
    builder = StateGraph(Parcel, input_schema=Arrival).add_sequence([measure, weigh, finish])
    builder.add_edge(START, "measure").add_edge("finish", END)
    return as_process("small", builder, doc="The small process, changed.", store=None)


OLD, NEW = small_process(), parcel_process()
PLAN = Plan(steps={"ask_size": "measure"}, renames={"item": "thing"}, values={"weight": 7})


async def waiting_case(database: Database) -> UUID:
    await at_work(database, OLD)
    case = await start(database, OLD)
    await run_all(database, OLD)
    return case.id


async def ordered(database: Database, plan: Plan = PLAN, *, limit: int = 100) -> UUID:
    order = MigrationOrder(OLD.version, plan, limit=limit)
    migration = await start_migration(database, NEW, order, reason="the form changed", actor="olga")
    return migration.id


async def migrate_cases(database: Database, plan: Plan = PLAN) -> UUID:
    migration = await ordered(database, plan)
    await carry_out(database, Registry([NEW]))
    return migration


async def undo(database: Database, migration: UUID) -> None:
    await undo_migration(database, migration, reason="too early", actor="olga")
    await carry_out(database, Registry([OLD]))


async def reviews_of(database: Database, case_id: UUID, *, status: str) -> list[Review]:
    async with database.transaction() as connection:
        return await list_reviews(connection, case_id=case_id, status=status, limit=10)


async def rows_of(database: Database, migration: UUID) -> list[MigratedCase]:
    async with database.transaction() as connection:
        return await list_migrated_cases(connection, migration, status=None, after=None, limit=1000)


async def counts(database: Database, migration: UUID) -> dict[str, int]:
    async with database.transaction() as connection:
        return (await count_cases(connection, [migration]))[migration]


async def test_a_moved_case_asks_anew_and_goes_on_from_the_answer(database: Database) -> None:
    case_id = await waiting_case(database)

    await migrate_cases(database)
    await run_all(database, NEW)
    (review,) = await reviews_of(database, case_id, status="open")
    await answer_review(database, review.id, answer={"size": 3}, actor="ben")
    await run_all(database, NEW)

    history = await read_history(database, NEW, case_id)
    assert review.question == "How large is the thing chair?"
    assert (history.values["weight"], history.values["size"]) == (7, 3)
    assert [step.name for step in history.steps if step.status == "waiting"] == ["weigh"]


async def test_the_old_review_is_withdrawn_and_named_by_the_migration(database: Database) -> None:
    case_id = await waiting_case(database)

    migration = await migrate_cases(database)

    (withdrawn,) = await reviews_of(database, case_id, status="withdrawn")
    (row,) = await rows_of(database, migration)
    assert (row.status, row.reviews, row.changed_by) == ("moved", [withdrawn.id], "olga")


async def test_fields_that_the_new_state_does_not_have_are_gone_from_it(database: Database) -> None:
    case_id = await waiting_case(database)

    await migrate_cases(database)

    history = await read_history(database, NEW, case_id)
    assert history.values["thing"] == "chair"
    assert "item" not in history.values


async def test_what_an_operator_has_edited_moves_with_the_case(database: Database) -> None:
    case_id = await waiting_case(database)
    edit = Intervention("edit", "a slip", fields={"item": "bench", "title": "order of bench"})
    await intervene(database, Registry([OLD]), case_id, intervention=edit, actor="olga")
    await run_all(database, OLD)

    await migrate_cases(database)

    values = (await read_history(database, NEW, case_id)).values
    assert (values["thing"], values["title"]) == ("bench", "order of bench")


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(renames=PLAN.renames, values=PLAN.values), "the step 'ask_size' is gone"),
        (Plan(steps=PLAN.steps, renames=PLAN.renames), "the state's field 'weight': Field required"),
        (PLAN.model_copy(update={"values": {"weight": "much"}}), "the state's field 'weight'"),
    ],
    ids=["step not mapped", "field missing", "field wrong"],
)
async def test_a_case_that_does_not_fit_stays_whole_and_the_reason_is_written(
    database: Database, plan: Plan, why: str
) -> None:
    case_id = await waiting_case(database)
    before = await case_of(database, case_id)

    migration = await migrate_cases(database, plan)

    (row,) = await rows_of(database, migration)
    assert row.status == "refused"
    assert why in (row.why or "")
    assert await case_of(database, case_id) == before
    assert len(await reviews_of(database, case_id, status="open")) == 1


async def test_a_preview_says_what_would_happen_and_changes_nothing(database: Database) -> None:
    moves, stays = await waiting_case(database), await waiting_case(database)
    async with database.transaction() as connection:
        await enqueue_run(connection, stays, kind="retry", due_at=datetime.now(UTC) + timedelta(hours=1))
    before = [await case_of(database, case_id) for case_id in (moves, stays)]

    found = await preview_migration(database, NEW, MigrationOrder(OLD.version, PLAN, limit=10))

    assert found == {moves: None, stays: "a run of it waits already"}
    assert [await case_of(database, case_id) for case_id in (moves, stays)] == before


async def test_a_case_whose_review_was_answered_meanwhile_is_left_to_its_answer(database: Database) -> None:
    case_id = await waiting_case(database)
    migration = await ordered(database)
    (review,) = await reviews_of(database, case_id, status="open")
    await answer_review(database, review.id, answer={"size": 3}, actor="ben")

    await carry_out(database, Registry([NEW]))
    await run_all(database, OLD)

    assert await counts(database, migration) == {"refused": 1}
    assert (await case_of(database, case_id)).result == "size 3"


async def test_undone_the_case_stands_where_it_stood_and_takes_its_answer(database: Database) -> None:
    case_id = await waiting_case(database)
    (asked,) = await reviews_of(database, case_id, status="open")
    migration = await migrate_cases(database)
    await run_all(database, NEW)

    await undo(database, migration)
    (reopened,) = await reviews_of(database, case_id, status="open")
    await answer_review(database, reopened.id, answer={"size": 3}, actor="ben")
    await run_all(database, OLD)

    case = await case_of(database, case_id)
    assert reopened.id == asked.id
    assert (case.status, case.version, case.result) == ("succeeded", OLD.version, "size 3")
    assert await counts(database, migration) == {"undone": 1}


async def test_a_move_is_undone_before_its_step_has_run_too(database: Database) -> None:
    case_id = await waiting_case(database)
    migration = await migrate_cases(database)

    await undo(database, migration)

    case = await case_of(database, case_id)
    assert (case.status, case.version) == ("waiting", OLD.version)
    assert len(await reviews_of(database, case_id, status="open")) == 1


@pytest.mark.parametrize("has_run", [False, True], ids=["answered", "waiting again"])
async def test_a_case_that_has_gone_on_since_is_not_put_back(database: Database, has_run: bool) -> None:
    case_id = await waiting_case(database)
    migration = await migrate_cases(database)
    await run_all(database, NEW)
    (review,) = await reviews_of(database, case_id, status="open")
    await answer_review(database, review.id, answer={"size": 3}, actor="ben")
    if has_run:
        await run_all(database, NEW)

    await undo(database, migration)
    await run_all(database, NEW)

    assert await counts(database, migration) == {"kept": 1}
    assert (await case_of(database, case_id)).version == NEW.version
    (second,) = await reviews_of(database, case_id, status="open")
    assert second.question == "How heavy is the thing chair?"


async def test_several_workers_share_the_cases_of_a_migration(database: Database) -> None:
    for _ in range(6):
        await waiting_case(database)
    migration = await ordered(database)

    await asyncio.gather(*(carry_out(database, Registry([NEW])) for _ in range(3)))

    assert await counts(database, migration) == {"moved": 6}


@pytest.mark.parametrize(
    ("fault", "moved"), [("move_before_commit:kill:3", 2), ("move_after_commit:kill:3", 3)]
)
async def test_killed_midway_each_case_is_moved_or_not_and_another_worker_goes_on(
    database: Database, fault: str, moved: int
) -> None:
    cases = [await waiting_case(database) for _ in range(5)]
    migration = await ordered(database)

    killed = await asyncio.to_thread(moving_worker, database.url, fault)
    midway = await counts(database, migration)
    whole = [await is_whole(database, case_id) for case_id in cases]
    await carry_out(database, Registry([NEW]))
    await run_all(database, NEW)

    assert killed == -signal.SIGKILL
    assert midway == {"moved": moved, "pending": 5 - moved}
    assert all(whole)
    assert await counts(database, migration) == {"moved": 5}
    for case_id in cases:
        (review,) = await reviews_of(database, case_id, status="open")
        assert review.question == "How large is the thing chair?"


def moving_worker(url: str, fault: str) -> int:
    """Run a worker that dies at a point; return how it ended."""
    command = [sys.executable, str(Path(__file__).with_name("moving_worker.py")), url]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integration")])
    environment = os.environ | {"PYTHONPATH": paths, VARIABLE: fault}
    return subprocess.run(command, env=environment, cwd=ROOT).returncode


async def is_whole(database: Database, case_id: UUID) -> bool:
    """Say whether version, checkpoint, review and run all belong to the same side of the move."""
    case = await case_of(database, case_id)
    is_moved = case.version == NEW.version
    values = (await read_history(database, NEW, case_id)).values
    open_reviews = len(await reviews_of(database, case_id, status="open"))
    return (case.status, "thing" in values, open_reviews) == (
        ("running", True, 0) if is_moved else ("waiting", False, 1)
    )


async def test_an_order_that_is_undone_before_it_is_carried_out_moves_nothing(database: Database) -> None:
    await waiting_case(database)
    migration = await ordered(database)

    await undo(database, migration)
    await carry_out(database, Registry([NEW]))

    assert await counts(database, migration) == {"refused": 1}


async def test_no_more_cases_than_the_limit_are_moved(database: Database) -> None:
    for _ in range(3):
        await waiting_case(database)

    migration = await ordered(database, limit=2)

    assert await counts(database, migration) == {"pending": 2}


async def test_only_a_host_of_the_new_version_moves_cases(database: Database) -> None:
    await waiting_case(database)
    migration = await ordered(database)

    await carry_out(database, Registry([OLD]))

    assert await counts(database, migration) == {"pending": 1}


@pytest.mark.parametrize(
    "plan",
    [Plan(steps={"ask_size": "none"}), Plan(renames={"item": "none"}), Plan(values={"none": 1})],
    ids=["step", "field renamed", "field set"],
)
async def test_a_plan_that_names_what_is_not_there_is_refused(database: Database, plan: Plan) -> None:
    with pytest.raises(BadRequest, match="none"):
        await ordered(database, plan)


async def test_a_host_of_another_version_takes_no_order_for_this_one(database: Database) -> None:
    order = MigrationOrder("0" * 12, Plan(), limit=1, to_version=NEW.version)

    with pytest.raises(Conflict, match=OLD.version):
        await start_migration(database, OLD, order, reason="x", actor="olga")
