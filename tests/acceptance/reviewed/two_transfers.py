"""A process whose one step has two effects, the second of which its policy wants reviewed."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from tools import RETRY, server

keyed, searchable = server("keyed"), server("searchable")


class Order(BaseModel):
    """What a case carries."""

    reference: str
    result: str = ""


async def transfer_both(state: Order) -> dict[str, Any]:
    """Transfer through one system and then through the other."""
    for system in (keyed, searchable):
        await system.call("transfer", reference=state.reference, amount="10.00", currency="EUR")
    return {"result": "both transferred"}


graph = (
    StateGraph(Order)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(transfer_both)
    .add_edge(START, "transfer_both")
    .add_edge("transfer_both", END)
)
