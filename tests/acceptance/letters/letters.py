"""A process that writes one letter."""

from typing import Any

from langgraph.graph import START, StateGraph
from pydantic import BaseModel

from tools import RETRY, server

mail = server("mail")


class Letter(BaseModel):
    """To whom, and what."""

    to: str
    text: str


class Sending(Letter):
    """What became of it."""

    result: str = ""


async def send(state: Sending) -> dict[str, Any]:
    """Send the letter."""
    sent = await mail.call("send_mail", to=[state.to], subject="A letter", text=state.text)
    return {"result": f"{sent['status']} as {sent['message_id']}"}


graph = (
    StateGraph(Sending, input_schema=Letter)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(send)
    .add_edge(START, "send")
)
