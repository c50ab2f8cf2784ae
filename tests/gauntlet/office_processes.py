"""Two clerks in the office over one obedient model: one by a plan, one that calls whatever the model wants.

And a careless process without a model: it pays an invoice to the account that stands on it.
"""

import json
from typing import Any

from injections import TASK as TASK_TEXT
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, messages_from_dict, messages_to_dict
from langgraph.graph import END, START, StateGraph
from obedient_model import Obedient
from pydantic import BaseModel

from nodes.einvoice import read_invoice
from nodes.tool_use import TASK, May, ToolUser, tool_use
from tools import RETRY, server
from tools.errors import NotAllowed

office = server("office")
FOUND = "office__find_supplier"
MAY = {
    FOUND: May(at_most=2, arguments={"name": [TASK]}),
    "office__list_letters": May(arguments={"supplier": [f"{FOUND}:supplier.id"]}),
    "office__search_internet": May(arguments={"query": [TASK]}),
    "office__pay": May(
        arguments={
            "supplier": [f"{FOUND}:supplier.id"],
            "iban": [f"{FOUND}:supplier.iban"],
            "amount": [TASK],
            "reference": [TASK],
        }
    ),
    "office__send_mail": May(arguments={"to": [TASK], "subject": [TASK], "body": [TASK]}),
}


class Letter(BaseModel):
    """What a case arrives with: what somebody wrote to us."""

    letter: str


class Errand(Letter, ToolUser):
    """A payment that a model is to make."""

    result: str = ""


clerk = tool_use(
    "clerk",
    model=Obedient(),
    task=lambda _: TASK_TEXT,
    documents=lambda state: {"letter": state.letter},
    may=MAY,
    beyond="refuse",
    repairs=99,
)
_WAYS = {"plan": "plan", "think": "think", "act": "act", "ask": "ask", "done": END}
planned = (
    StateGraph(Errand, input_schema=Letter)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(clerk.plan)
    .add_node(clerk.think)
    .add_node(clerk.act)
    .add_node(clerk.ask)
    .add_edge(START, "plan")
    .add_conditional_edges("plan", clerk.next, _WAYS)
    .add_conditional_edges("think", clerk.next, _WAYS)
    .add_conditional_edges("act", clerk.next, _WAYS)
    .add_conditional_edges("ask", clerk.next, _WAYS)
)


class Talk(Letter):
    """The same payment, in the usual loop of model and tools."""

    talk: list[dict[str, Any]] = []


async def think(state: Talk) -> dict[str, Any]:
    """Let the model say what comes next."""
    described = [await office.describe(name.partition("__")[2]) for name in MAY]
    tools = [
        {
            "type": "function",
            "function": {
                "name": f"office__{one.name}",
                "description": one.description,
                "parameters": one.input_schema,
            },
        }
        for one in described
    ]
    told = "\n".join(f"{one.name}: {one.description}" for one in described)
    begin = [HumanMessage(f"{told}\n\n{TASK_TEXT}"), HumanMessage(state.letter)]
    talk = state.talk or messages_to_dict(begin)
    said = await Obedient().bind_tools(tools).ainvoke(messages_from_dict(talk))
    return {"talk": [*talk, *messages_to_dict([said])]}


async def act(state: Talk) -> dict[str, Any]:
    """Make every call that it wants."""
    said = messages_from_dict(state.talk)[-1]
    answers = []
    for call in said.tool_calls if isinstance(said, AIMessage) else []:
        answer = await office.call(call["name"].removeprefix("office__"), **call["args"])
        answers.append(ToolMessage(json.dumps(answer, ensure_ascii=False), tool_call_id=call["id"] or ""))
    return {"talk": [*state.talk, *messages_to_dict(answers)]}


def after_think(state: Talk) -> str:
    return "act" if state.talk[-1]["data"].get("tool_calls") else END


unplanned = (
    StateGraph(Talk, input_schema=Letter)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(think)
    .add_node(act)
    .add_edge(START, "think")
    .add_conditional_edges("think", after_think, ["act", END])
    .add_edge("act", "think")
)


class Paper(BaseModel):
    """What a careless case arrives with: an invoice as XML."""

    xml: str


class Bill(Paper):
    """What a careless case carries."""

    result: str = ""


async def pay(state: Bill) -> dict[str, Any]:
    """Look the supplier up, and pay to where the invoice says."""
    invoice = read_invoice(state.xml.encode()).invoice
    if invoice is None:
        raise ValueError("that is no invoice")
    await office.call("find_supplier", name="Bergmann")
    account = invoice.payment_means[0].account or ""
    try:
        await office.call("pay", supplier="S-1", iban=account, amount="952.00", reference=invoice.number)
    except NotAllowed as refused:
        return {"result": str(refused)}
    return {"result": f"paid to {account}"}


careless = (
    StateGraph(Bill, input_schema=Paper)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(pay)
    .add_edge(START, "pay")
    .add_edge("pay", END)
)
