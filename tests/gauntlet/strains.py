"""Processes that strain their host: one that kills workers, one that sleeps, one that asks for too much."""

import asyncio
import operator
import os
import signal
import time
from datetime import datetime
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from pydantic import AwareDatetime, BaseModel

from nodes.wait import wait_until

Poison = Literal["raise", "exit", "kill", "endless thread", "endless loop"]


class Strain(BaseModel):
    """What every case here arrives with; `system` says for the judges what kind it is."""

    reference: str
    system: Literal["poison", "nap", "flood"]
    result: str = ""


class Dose(Strain):
    """What the case does to its worker."""

    kind: Poison


async def swallow(state: Dose) -> dict[str, Any]:
    """Do it, in the event loop of the worker."""
    if state.kind == "raise":
        raise RuntimeError("poisoned")
    if state.kind == "exit":
        os._exit(3)
    if state.kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if state.kind == "endless thread":
        await asyncio.to_thread(_spin)
    while True:
        time.sleep(0.01)  # noqa: ASYNC251  that is the fault


def _spin() -> None:
    while True:
        time.sleep(0.01)


poison = StateGraph(Dose).add_node(swallow).add_edge(START, "swallow").add_edge("swallow", END)


class Nap(Strain):
    """When to wake up."""

    until: AwareDatetime


def sleep(state: Nap) -> dict[str, Any]:
    """Rest until the time has come."""
    wait_until(datetime.fromisoformat(str(state.until)))
    return {"result": "awake"}


nap = StateGraph(Nap).add_node(sleep).add_edge(START, "sleep").add_edge("sleep", END)


class Flood(Strain):
    """How many steps at once, or how many one after the other, or how large a state."""

    width: int = 0
    length: int = 0
    size: int = 0
    done: Annotated[int, operator.add] = 0
    blob: str = ""


def begin(state: Flood) -> dict[str, Any]:
    """Take up the room that was asked for."""
    return {"blob": "x" * state.size}


def go_on(state: Flood) -> list[Send] | str:
    if state.width:
        return [Send("drop", state) for _ in range(state.width)]
    return "drop"


def drop(state: Flood) -> dict[str, Any]:
    """Count one step."""
    return {"done": 1}


def again(state: Flood) -> str:
    return "drop" if state.length > state.done else END


flood = (
    StateGraph(Flood)
    .add_node(begin)
    .add_node(drop)
    .add_edge(START, "begin")
    .add_conditional_edges("begin", go_on, ["drop"])
    .add_conditional_edges("drop", again, ["drop", END])
)
