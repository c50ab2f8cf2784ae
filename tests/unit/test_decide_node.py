"""The step that decides, in a graph."""

import json
from datetime import date
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from pydantic import BaseModel
from typing_extensions import TypedDict

from nodes.decide import decide
from nodes.invoice_facts import FACT_SOURCES
from rules import TableError, TableNotFound, load_table

FACTS: dict[str, Any] = {
    "kind": "invoice",
    "amount": {"amount": "480.00", "currency": "EUR"},
    "currency": "EUR",
    "supplier": "known",
    "hold": "none",
    "iban": "same",
    "arithmetic": "right",
    "twin": "none",
    "order": "none",
    "preceding": "none",
    "type": "ordinary",
    "buyer": "us",
    "due": "total",
    "identity": "full",
    "payee": "seller",
    "payment": "transfer",
    "dates": "plausible",
    "vat": "usual",
}


class Payable(BaseModel):
    """A state as our processes have it."""

    facts: dict[str, Any] = {}
    as_of: date | None = None
    decision: dict[str, Any] = {}


class Row(TypedDict):
    """A state as a mapping, with fields of other names."""

    what_we_know: dict[str, Any]
    received: str
    decision: dict[str, Any]


def test_a_fact_without_a_source_and_an_output_that_nobody_reads_stop_the_start() -> None:
    sources = dict.fromkeys(FACTS.keys() - {"iban"}, "the document")

    with pytest.raises(TableError) as refusal:
        decide("invoice_to_pay", sources=sources, reads=("route", "role"))

    messages = [finding.message.partition(":")[0] for finding in refusal.value.findings]
    assert [message.partition(",")[0] for message in messages] == [
        *[f"input {name} is never given" for name in ("days_apart", "iban", "price_variance_pct")],
        "input quantity_excess is never given",
        "nobody reads output approvers",
    ]


async def test_the_step_keeps_the_decision_in_the_state_as_json() -> None:
    graph = StateGraph(Payable).add_node(decide("invoice_to_pay")).add_edge(START, "decide").compile()

    state = await graph.ainvoke({"facts": FACTS, "as_of": "2026-10-31"})

    decision = state["decision"]
    assert (decision["kind"], decision["rule"], decision["outcome"]["route"]) == (
        "decision",
        "IP-910",
        "book",
    )
    assert (decision["digest"], decision["as_of"]) == (load_table("invoice_to_pay").digest, "2026-10-31")
    assert json.loads(json.dumps(decision)) == decision


async def test_the_decision_keeps_where_facts_come_from() -> None:
    step = decide("invoice_to_pay", sources=FACT_SOURCES)

    said: Any = await step(Payable(facts=FACTS, as_of=date(2026, 10, 31)))

    assert said["decision"]["sources"]["amount"] == "the document, in euro by the ERP's rate"


async def test_a_decision_survives_a_checkpoint_unchanged() -> None:
    builder = StateGraph(Payable).add_node(decide("invoice_to_pay")).add_edge(START, "decide")
    graph = builder.compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "case-1"}}

    state = await graph.ainvoke({"facts": FACTS, "as_of": "2026-10-31"}, thread)

    assert (await graph.aget_state(thread)).values["decision"] == state["decision"]


async def test_a_mapping_and_fields_of_other_names_do_as_well() -> None:
    step = decide("invoice_to_pay", facts=lambda row: row["what_we_know"], as_of=lambda row: row["received"])
    graph = StateGraph(Row).add_node("judge", step).add_edge(START, "judge").compile()

    state = await graph.ainvoke({"what_we_know": FACTS, "received": "2026-10-31"})

    assert state["decision"]["rule"] == "IP-910"


@pytest.mark.parametrize(
    ("change", "as_of", "kind"),
    [
        ({"amount": "480.00"}, date(2026, 10, 31), "invalid_input"),
        ({"supplier": None}, date(2026, 10, 31), "missing_input"),
        ({}, date(2025, 12, 31), "not_in_force"),
        ({}, None, "invalid_input"),
    ],
)
async def test_what_the_table_cannot_decide_is_kept_for_the_graph_to_route(
    change: dict[str, Any], as_of: date | None, kind: str
) -> None:
    step = decide("invoice_to_pay")

    decision = (await step(Payable(facts=FACTS | change, as_of=as_of)))["decision"]

    assert isinstance(decision, dict)
    assert decision["kind"] == kind
    assert "outcome" not in decision
    assert isinstance(decision["concerned"], list)


def test_the_step_has_a_name_for_the_graph_and_a_sentence_for_the_console() -> None:
    step: Any = decide("invoice_to_pay")

    assert step.__name__ == "decide"
    assert (
        step.__doc__
        == "Decide by table invoice_to_pay, version 2026-2: What becomes of a supplier's invoice."
    )


def test_a_table_that_is_not_there_stops_the_start_and_not_a_case() -> None:
    with pytest.raises(TableNotFound):
        decide("nothing")
