"""A process whose step does not end, in the way that its input says."""

import time
from pathlib import Path
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, JsonValue


class Order(BaseModel):
    """What starts a case: how its step behaves, the file that says that it began before, a value to keep."""

    how: Literal["spin", "sleep", "walk"]
    mark: str = ""
    kept: JsonValue = None


class Case(Order):
    """What a case carries."""

    result: str = ""
    returned: JsonValue = None


async def spin(state: Case) -> dict[str, Any]:
    """Never let go of the event loop, the first time."""
    mark = Path(state.mark)
    if not mark.exists():  # noqa: ASYNC240  blocking is what it is for
        mark.touch()  # noqa: ASYNC240
        while True:
            pass
    return {"result": "the second time"}


def sleep(state: Case) -> dict[str, Any]:
    """Keep a thread for an hour."""
    time.sleep(3600)
    return {"result": "too late"}


async def walk(state: Case) -> dict[str, Any]:
    """Hand the value on, and end."""
    return {"result": "walked", "returned": state.kept}


graph = (
    StateGraph(Case, input_schema=Order)
    .add_node(spin)
    .add_node(sleep)
    .add_node(walk)
    .add_conditional_edges(START, lambda state: state.how, ["spin", "sleep", "walk"])
    .add_edge("spin", END)
    .add_edge("sleep", END)
    .add_edge("walk", END)
)
