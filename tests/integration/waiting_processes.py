"""Small processes that wait for a time, and a worker of them as a program of its own."""

import asyncio
import operator
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from nodes.wait import wait_for, wait_until
from server.engine.registry import Registry, as_process
from server.engine.worker import Worker
from server.failpoints import VARIABLE
from server.storage.database import Database

ROOT = Path(__file__).resolve().parents[2]
FAR = datetime(2126, 1, 1, tzinfo=UTC)


class Errand(BaseModel):
    """What a case of the waiting processes carries."""

    rounds: int = 1
    result: str = ""
    notes: Annotated[list[str], operator.add] = []


def pause(state: Errand) -> dict[str, Any]:
    """Wait for a century."""
    wait_until(FAR)
    return {"notes": ["waited"], "rounds": state.rounds - 1}


def rest(state: Errand) -> dict[str, Any]:
    """Wait for an hour."""
    wait_for(timedelta(hours=1))
    return {"notes": ["rested"]}


def ask(state: Errand) -> dict[str, Any]:
    """Ask a person."""
    return {"notes": [interrupt({"question": "Yes?", "role": "clerk"})]}


def stumble(state: Errand) -> dict[str, Any]:
    """Wait for what is no time."""
    interrupt({"kind": "wait", "until": "tomorrow"})
    return {}


def finish(state: Errand) -> dict[str, Any]:
    """Say what happened."""
    return {"result": " ".join(sorted(state.notes))}


def waiting_registry() -> Registry:
    loop = (
        StateGraph(Errand)
        .add_sequence([pause, finish])
        .add_edge(START, "pause")
        .add_conditional_edges("finish", lambda state: "pause" if state.rounds else END, ["pause", END])
    )
    parallel = (
        StateGraph(Errand)
        .add_node(rest)
        .add_node(ask)
        .add_node(finish)
        .add_edge(START, "rest")
        .add_edge(START, "ask")
        .add_edge(["rest", "ask"], "finish")
        .add_edge("finish", END)
    )
    wrong = StateGraph(Errand).add_node(stumble).add_edge(START, "stumble").add_edge("stumble", END)
    graphs = {"loop": loop, "parallel": parallel, "wrong": wrong}
    return Registry([as_process(name, graph, doc=name, store=None) for name, graph in graphs.items()])


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


@contextmanager
def worker(url: str, fault: str = "", **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the waiting processes in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), VARIABLE: fault} | variables
    with subprocess.Popen(
        [sys.executable, __file__, url], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def dies(process: subprocess.Popen[bytes]) -> None:
    assert await asyncio.to_thread(process.wait, 60) == -9, "the worker did not pass the point"


async def work(url: str) -> None:
    """Work until the process ends."""
    async with Database(url) as database:
        await Worker(database, waiting_registry(), concurrency=2).run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
