"""`steward check`: which unfinished cases the present processes cannot continue, and why."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import ROOT
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from pydantic import BaseModel, field_validator
from small_processes import Order, ask_size, name_it, small_process
from test_adoption import (
    LONGER,
    WITH_OTHER_STATE,
    WITHOUT_ITS_STEP,
    changed,
    check,
    run_all,
    start,
)

from server.engine.check import Report, check_approvals, check_cases
from server.engine.registry import Process, Registry, as_process
from server.storage.cases import set_status
from server.storage.database import Database
from server.storage.versions import save_versions
from tools.registry import SERVERS, load_servers

OTHER_INPUT = changed(check, input_=type("Input", (BaseModel,), {"__annotations__": {"number": int}}))


async def report(database: Database, *processes: Process) -> Report:
    return await check_cases(database, Registry(list(processes)))


def told(found: Report) -> list[tuple[str, str, int]]:
    return [(one.obstacle.kind, one.obstacle.name, one.cases) for one in found.stuck]


async def waiting(database: Database, process: Process, *, count: int = 1) -> None:
    async with database.transaction() as connection:
        await save_versions(connection, [process])
    for _ in range(count):
        await start(database, process)
    await run_all(database, process)


async def test_cases_of_the_present_version_are_not_examined(database: Database) -> None:
    await waiting(database, small_process())

    assert await report(database, small_process()) == Report(examined=0)


async def test_cases_that_can_go_on_are_examined_and_not_named(database: Database) -> None:
    await waiting(database, small_process())

    assert await report(database, LONGER) == Report(examined=1)


async def test_a_review_whose_step_is_gone_is_named_once_for_all_its_cases(database: Database) -> None:
    await waiting(database, small_process(), count=5)

    found = await report(database, WITHOUT_ITS_STEP)

    assert told(found) == [("review", "ask_size", 5)]
    assert (found.examined, len(found.stuck[0].examples)) == (5, 3)


async def test_a_state_that_the_new_model_refuses_is_named_by_its_field(database: Database) -> None:
    await waiting(database, small_process())

    assert told(await report(database, WITH_OTHER_STATE)) == [("state", "weight", 1)]


class Brittle(Order):
    """A model whose own code fails."""

    @field_validator("item")
    @classmethod
    def fails(cls, value: str) -> str:
        raise ZeroDivisionError


async def test_a_model_whose_own_code_fails_is_named_and_stops_nothing(database: Database) -> None:
    await waiting(database, small_process(), count=2)

    found = await report(database, changed(name_it, ask_size, check, state=Brittle, input_=Order))

    assert told(found) == [("state", "ZeroDivisionError", 2)]


async def test_an_input_that_nobody_began_with_is_held_against_the_new_process(database: Database) -> None:
    await start(database, small_process())

    assert told(await report(database, OTHER_INPUT)) == [("input", "item", 1)]


async def test_a_process_that_is_gone_is_named(database: Database) -> None:
    await start(database, small_process())

    assert told(await report(database, changed(check, name="other"))) == [("process", "small", 1)]


async def test_suspended_cases_and_incidents_are_examined_and_finished_ones_are_not(
    database: Database,
) -> None:
    await waiting(database, small_process(), count=3)
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM cases")).fetchall()
        for row, status in zip(rows, ("suspended", "incident", "succeeded"), strict=True):
            await set_status(connection, row["id"], status=status)

    assert told(await report(database, WITHOUT_ITS_STEP)) == [("review", "ask_size", 2)]


def fan_out(state: Order) -> list[Send]:
    return [Send("weigh", {"item": state.item})]


def weigh(state: Order) -> dict[str, Any]:
    """Fail while it weighs."""
    raise ZeroDivisionError


def fork_process(*, join: bool = True, sends: bool = False) -> Process:
    """Two branches that meet, or one step that a branch sends work to."""
    builder = StateGraph(Order).add_node("left", check).add_node("right", weigh)
    builder.add_edge(START, "left").add_edge(START, "right")
    builder.add_node("meet", check)
    if join:
        builder.add_edge(["left", "right"], "meet")
    if sends:
        builder = StateGraph(Order).add_node("weigh", weigh).add_conditional_edges(START, fan_out, ["weigh"])
    return as_process("small", builder, doc="Forks.", store=None)


async def test_a_join_that_is_half_reached_and_gone_is_named(database: Database) -> None:
    await waiting(database, fork_process())

    assert told(await report(database, fork_process(join=False))) == [("step", "meet", 1)]


async def test_a_step_that_work_was_sent_to_and_that_is_gone_is_named(database: Database) -> None:
    await waiting(database, fork_process(sends=True))

    assert told(await report(database, small_process())) == [("step", "weigh", 1)]


async def test_a_review_that_other_edges_lead_to_is_named(database: Database) -> None:
    def asks(*, joined: bool) -> Process:
        builder = StateGraph(Order).add_node("left", check).add_node("ask_size", small_ask)
        builder.add_edge(START, "left").add_edge("ask_size", END)
        builder.add_edge(["left"] if joined else "left", "ask_size")
        return as_process("small", builder, doc="Asks.", store=None)

    await waiting(database, asks(joined=False))

    assert told(await report(database, asks(joined=True))) == [("review", "ask_size", 1)]


def test_the_command_names_them_and_exits_with_1(database_url: str) -> None:
    asyncio.run(started_and_forgotten(database_url))
    command = [sys.executable, "-m", "server", "check"]
    environment = os.environ | {"DATABASE_URL": database_url}

    text = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    json_ = subprocess.run([*command, "--json"], env=environment, cwd=ROOT, capture_output=True, text=True)

    assert (text.returncode, json_.returncode) == (1, 1), text.stderr
    assert "the process 'small' is gone" in text.stdout
    assert json.loads(json_.stdout)["stuck"][0]["cases"] == 1


def test_the_command_names_tools_that_nobody_approved(database_url: str, tmp_path: Path) -> None:
    servers = tmp_path / "mine.toml"
    servers.write_text(
        "[crm]\nurl = 'http://127.0.0.1:9/mcp'\nsandbox = false\ntimeout_s = 5\n"
        "[crm.tools]\nfind = 'read'\nnote = 'blind'\n"
    )
    environment = os.environ | {"DATABASE_URL": database_url, "STEWARD_SERVERS": str(servers)}
    command = [sys.executable, "-m", "server", "check"]

    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 1, ended.stderr
    assert f"crm     find, note  {tmp_path / 'mine.lock.json'}" in ended.stdout


def test_our_own_tools_are_all_approved() -> None:
    assert check_approvals(load_servers(SERVERS).values()) == []


async def started_and_forgotten(url: str) -> None:
    """Start a case of a process that our checkout does not have."""
    async with Database(url, size=2) as database:
        await start(database, small_process())


def small_ask(state: Order) -> dict[str, Any]:
    """Ask as the small process does."""
    from small_processes import ask_size

    return ask_size(state)
