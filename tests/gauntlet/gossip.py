"""A process that calls one tool of one server, whichever the case says."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from tools import RETRY, server


class Question(BaseModel):
    """What a case arrives with; `marker` is text by which what was kept of it is found again."""

    server: str
    tool: str
    marker: str


class Gossip(Question):
    """What a case carries."""

    answer: dict[str, Any] = {}


async def ask(state: Gossip) -> dict[str, Any]:
    """Call the tool."""
    return {"answer": await server(state.server).call(state.tool, marker=state.marker)}


graph = (
    StateGraph(Gossip, input_schema=Question)
    .add_node(ask, retry_policy=RETRY)
    .add_edge(START, "ask")
    .add_edge("ask", END)
)
