"""A process that takes as much as its input says, to be held against limits."""

import asyncio
import operator
from threading import Event
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt
from pydantic import BaseModel

from server.engine.limits import Limits
from server.engine.registry import Process, as_process

parts_done: list[int] = []
held = Event()  # what a step that hangs waits for


class Order(BaseModel):
    """What starts a case: `what` it does, and how much of it."""

    what: str
    count: int = 0


class Greed(Order):
    """What a case carries."""

    text: str = ""
    value: Any = None
    rounds: int = 0
    done: Annotated[list[int], operator.add] = []


RETURNED: dict[str, dict[str, Any]] = {
    "nul": {"text": "a\0b"},
    "surrogate": {"text": "a\ud800b"},
    "nan": {"value": {"total": float("nan")}},
    "infinity": {"value": [1.0, float("inf")]},
    "integer_over_64_bits": {"value": {"lines": [{"count": 2**64}]}},
    "sum_over_64_bits": {"done": [2**63 - 1]},
}


def act(state: Greed) -> dict[str, Any]:
    """Return what the input asks for."""
    if state.what == "large":
        return {"text": "x" * state.count}
    return RETURNED.get(state.what, {"text": "ready"})


def onward(state: Greed) -> str | list[Send]:
    if state.what == "fan_out":
        return [Send("part", {"number": number}) for number in range(state.count)]
    if state.what in {"ask", "question"}:
        return "ask"
    if state.what.startswith("hang"):
        return state.what
    return "again" if state.rounds < state.count and state.what in {"loop", "grow"} else END


def ask(state: Greed) -> dict[str, Any]:
    """Wait for a person, then go round as often as the answer says."""
    question = "a\0b" if state.what == "question" else "How often?"
    return {"what": "loop", "count": interrupt({"question": question})}


def again(state: Greed) -> dict[str, Any]:
    """Go round once more."""
    more = {"text": "x" * 2000, "done": [0] * 250} if state.what == "grow" else {}
    return {"rounds": state.rounds + 1, **more}


def hang(state: Greed) -> dict[str, Any]:
    """Keep a thread until the test lets go."""
    held.wait()
    return {"text": "too late"}


async def hang_async(state: Greed) -> dict[str, Any]:
    """Wait for ever, and go on waiting when cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.to_thread(held.wait)
    return {"text": "too late"}


def part(packet: dict[str, int]) -> dict[str, Any]:
    """Do one part, so that others can see it."""
    parts_done.append(packet["number"])
    return {"done": [packet["number"]]}


graph = (
    StateGraph(Greed, input_schema=Order)
    .add_node(act)
    .add_node(ask)
    .add_node(again)
    .add_node(part)
    .add_node(hang)
    .add_node(hang_async)
    .add_edge(START, "act")
    .add_conditional_edges("act", onward, ["part", "ask", "again", "hang", "hang_async", END])
    .add_conditional_edges("ask", onward, ["again", END])
    .add_conditional_edges("again", onward, ["again", END])
    .add_edge("part", END)
    .add_edge("hang", END)
    .add_edge("hang_async", END)
)


def greedy_process(limits: Limits) -> Process:
    return as_process("greedy", graph, doc="A greedy process.", store=None, limits=limits)
