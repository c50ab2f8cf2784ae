"""A process that is as long and as heavy as its input says, to see what grows with what."""

from base64 import b64encode
from random import Random
from typing import Any

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel


class Span(BaseModel):
    """How many steps the case shall have, and how many bytes each of them writes anew."""

    steps: int
    size: int


class Walk(Span):
    """Where the case is."""

    taken: int = 0
    text: str = ""


def advance(state: Walk) -> dict[str, Any]:
    """Take a step and write another text, which hardly compresses."""
    text = b64encode(Random(state.taken).randbytes(state.size * 3 // 4)).decode()  # noqa: S311  no secret
    return {"taken": state.taken + 1, "text": text}


def way(state: Walk) -> str:
    return "on" if state.taken < state.steps else "there"


graph = (
    StateGraph(Walk, input_schema=Span)
    .add_node(advance)
    .add_edge(START, "advance")
    .add_conditional_edges("advance", way, {"on": "advance", "there": END})
)
