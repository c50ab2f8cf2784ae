"""Waits in a host that knows nothing of timers: Studio, or a test."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel, ValidationError

from nodes.wait import Wait, wait_for, wait_until

MOMENT = datetime(2026, 12, 24, 18, tzinfo=UTC)


class State(BaseModel):
    done: str = ""


def pause(state: State) -> dict[str, Any]:
    """Wait until the evening, then an hour more."""
    wait_until(MOMENT)
    wait_for(timedelta(hours=1))
    return {"done": "yes"}


def test_a_step_waits_and_goes_on_with_whatever_is_sent() -> None:
    graph = (StateGraph(State).add_node(pause).add_edge(START, "pause").add_edge("pause", END)).compile(
        checkpointer=InMemorySaver()
    )
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}

    first = graph.invoke(State(), config)
    second = graph.invoke(Command(resume="now"), config)
    third = graph.invoke(Command(resume={"any": "thing"}), config)

    assert first["__interrupt__"][0].value == {"kind": "wait", "until": "2026-12-24T18:00:00Z"}
    assert second["__interrupt__"][0].value == {"kind": "wait", "for_s": 3600.0}
    assert third == {"done": "yes"}


@pytest.mark.parametrize(
    "wait",
    [
        {},
        {"until": MOMENT, "for_s": 1},
        {"until": MOMENT.replace(tzinfo=None)},
        {"until": MOMENT.replace(year=9999)},
        {"for_s": -1},
        {"for_s": float("inf")},
        {"for_s": float("nan")},
        {"for_s": 1e12},
        {"for_s": 1, "question": "why?"},
    ],
)
def test_what_is_no_wait_is_refused(wait: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Wait.model_validate(wait)
