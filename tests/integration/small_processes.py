"""Small processes for tests of the engine."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from server.engine.registry import Process, Registry, as_process


class Order(BaseModel):
    """What a case of the small process carries."""

    item: str
    title: str = ""
    result: str = ""
    size: int = 0


class Size(BaseModel):
    """The form of the small review."""

    size: int


def name_it(state: Order) -> dict[str, Any]:
    """Give the case a title."""
    return {"title": f"order of {state.item}"}


def ask_size(state: Order) -> dict[str, Any]:
    """Ask how large it is."""
    size = interrupt({"question": f"How large is {state.item}?", "role": "clerk"}, response_schema=Size)
    return {"size": size.size}


def fail_on_zero(state: Order) -> dict[str, Any]:
    """Refuse a size of zero."""
    if state.size == 0:
        raise ZeroDivisionError("a secret that must not be shown")
    return {"result": f"size {state.size}"}


def small_process() -> Process:
    builder = (
        StateGraph(Order)
        .add_sequence([name_it, ask_size, fail_on_zero])
        .add_edge(START, "name_it")
        .add_edge("fail_on_zero", END)
    )
    return as_process("small", builder, doc="A small process.", store=None)


def small_registry() -> Registry:
    return Registry([small_process()])
