"""A process that decides by a table of its own, asks, and decides again."""

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel

from nodes.decide import decide
from rules import LayeredTable, restore_layers
from server.engine.registry import Process, as_process

TABLE = """
id: outlay
version: {version}
owner: Controlling
title: Who pays an outlay
effective: {{from: 2026-01-01}}
contexts: [region]
hit: first
inputs:
  amount: {{type: money, currency: EUR}}
  urgent: {{type: boolean, optional: true}}
outputs:
  route: {{type: enum, values: [pay, ask]}}
rules:
- {{id: R1, when: {{amount: "> {limit}"}}, then: {{route: ask}}, because: Beyond what may be paid unasked}}
- {{id: R2, when: {{amount: "(0..{limit}]"}}, then: {{route: pay}}, because: Small enough}}
"""
OVERLAY = """
overlays: outlay
id: east
version: 1
owner: Controlling
title: In the east
effective: {{from: 2026-01-01}}
context: {{region: east}}
rules:
- {{id: R2, when: {{amount: "(0..100]"}}, then: {{route: {word}}}, because: As agreed in the east}}
"""
DAY = "2026-10-31"


def outlay_table(version: str = "1", *, limit: int = 100) -> LayeredTable:
    return restore_layers({"outlay.yaml": TABLE.format(version=version, limit=limit)})


def layered_with_overlay(word: str) -> LayeredTable:
    """The table, and what is otherwise in the east."""
    own = TABLE.format(version=1, limit=100)
    return restore_layers({"outlay.yaml": own, "east.yaml": OVERLAY.format(word=word)})


def euros(amount: str) -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": "EUR"}}


class Outlay(BaseModel):
    """What a case carries."""

    facts: dict[str, Any]
    as_of: str = DAY
    decision: dict[str, Any] = {}
    outcome: Literal["again", "done"] = "again"


class Word(BaseModel):
    """The form of the review: decide again, or be done."""

    outcome: Literal["again", "done"]


def ask(state: Outlay) -> dict[str, Any]:
    """Ask whether to decide again."""
    answer = interrupt({"question": "Again?", "role": "clerk"}, response_schema=Word)
    return {"outcome": answer.outcome}


def after_ask(state: Outlay) -> Literal["again", "done"]:
    return state.outcome


def outlay_process(table: LayeredTable, *, region: str | None = None) -> Process:
    builder = (
        StateGraph(Outlay)
        .add_sequence([decide(table, context=lambda _: {"region": region}), ask])
        .add_edge(START, "decide")
        .add_conditional_edges("ask", after_ask, {"again": "decide", "done": END})
    )
    return as_process("outlay", builder, doc="Outlays.", store=None)
