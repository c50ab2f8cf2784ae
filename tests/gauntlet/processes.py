"""Money out to one of three systems, or a booking in Tryton, after a review if the case asks for one."""

from decimal import Decimal
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field

from tools import RETRY, server

keyed, searchable, blind = server("keyed"), server("searchable"), server("blind")
tryton = server("tryton")


class Order(BaseModel):
    """What a case arrives with. The reference is one of its own, so that a transfer can be searched by it."""

    reference: str = Field(min_length=1)
    amount: Decimal = Field(gt=0)
    currency: str = "EUR"
    system: Literal["keyed", "searchable", "blind", "tryton"]
    review: bool = False


class Transfer(Order):
    """What a case carries."""

    title: str = ""
    result: str = ""
    approved: bool = False
    receipt: dict[str, Any] = {}


class Approval(BaseModel):
    """The form of the review."""

    approved: bool


def prepare(state: Transfer) -> dict[str, Any]:
    """Give the case a title."""
    return {"title": f"{state.amount} {state.currency} for {state.reference}"}


def ask(state: Transfer) -> dict[str, Any]:
    """Wait for somebody to approve."""
    question = {"question": f"Transfer {state.title}?", "role": "treasurer"}
    return {"approved": interrupt(question, response_schema=Approval).approved}


async def transfer_keyed(state: Transfer) -> dict[str, Any]:
    """Transfer through the system that honours a key."""
    return {"receipt": await keyed.call("transfer", **_order(state))}


async def transfer_searchable(state: Transfer) -> dict[str, Any]:
    """Transfer through the system that can be asked for a reference."""
    return {"receipt": await searchable.call("transfer", **_order(state))}


async def transfer_blind(state: Transfer) -> dict[str, Any]:
    """Transfer through the system that knows neither."""
    return {"receipt": await blind.call("transfer", **_order(state))}


async def transfer_tryton(state: Transfer) -> dict[str, Any]:
    """Book an invoice of the amount in Tryton, under the reference as its number."""
    amount = {"currency": state.currency, "net": str(state.amount), "tax": "0.00", "total": str(state.amount)}
    booked = await tryton.call(
        "book_invoice",
        supplier="S-1003",
        number=state.reference,
        kind="invoice",
        date="2026-09-14",
        due_date="2026-10-14",
        **amount,
    )
    return {"receipt": {**booked, "transfer": booked["entry"]}}


def confirm(state: Transfer) -> dict[str, Any]:
    """Say what became of it."""
    return {"result": f"transferred as {state.receipt['transfer']}"}


def _order(state: Transfer) -> dict[str, Any]:
    return {"reference": state.reference, "amount": str(state.amount), "currency": state.currency}


def after_prepare(state: Transfer) -> str:
    return "ask" if state.review else f"transfer_{state.system}"


def after_ask(state: Transfer) -> str:
    return f"transfer_{state.system}" if state.approved else END


TRANSFERS = ["transfer_keyed", "transfer_searchable", "transfer_blind", "transfer_tryton"]

graph = (
    StateGraph(Transfer, input_schema=Order)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(prepare)
    .add_node(ask)
    .add_node(transfer_keyed)
    .add_node(transfer_searchable)
    .add_node(transfer_blind)
    .add_node(transfer_tryton)
    .add_node(confirm)
    .add_edge(START, "prepare")
    .add_conditional_edges("prepare", after_prepare, ["ask", *TRANSFERS])
    .add_conditional_edges("ask", after_ask, [*TRANSFERS, END])
    .add_edge("transfer_keyed", "confirm")
    .add_edge("transfer_searchable", "confirm")
    .add_edge("transfer_blind", "confirm")
    .add_edge("transfer_tryton", "confirm")
    .add_edge("confirm", END)
)
