"""Cases in which a scripted model works with the office, run by the engine in this process."""

from typing import Any

from chat_models import Scripted
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from transfers import run_ready

from nodes.tool_use import DOCUMENT, TASK, May, ToolUse, ToolUser, Work, tool_use
from server.engine.cases import answer_review, start_case
from server.engine.registry import Process, as_process
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.reviews import Review, list_reviews
from tools import RETRY

ACCOUNT_OF_FOUND = ["office__find_supplier:supplier.iban"]
MAY = {
    "office__find_supplier": May(at_most=2, arguments={"name": [TASK, DOCUMENT]}),
    "office__list_letters": May(arguments={"supplier": ["office__find_supplier:supplier.id"]}),
    "office__search_internet": May(arguments={"query": [TASK]}),
    "office__pay": May(
        arguments={
            "supplier": ["office__find_supplier:supplier.id"],
            "iban": ACCOUNT_OF_FOUND,
            "amount": [TASK],
            "reference": [TASK, DOCUMENT],
        }
    ),
    "office__send_mail": May(arguments={"to": [TASK], "subject": [TASK], "body": [TASK]}),
}
TASK_TEXT = "Pay 952.00 EUR to Bergmann for invoice RE-17."


class Inquiry(ToolUser):
    """What a case carries: a task of ours, and a letter of somebody's."""

    task: str = TASK_TEXT
    letter: str = ""


def clerk(model: Any, **how: Any) -> ToolUse:
    return tool_use(
        "clerk",
        model=model,
        task=lambda state: state.task,
        documents=lambda state: {"letter": state.letter} if state.letter else {},
        **{"may": MAY, **how},
    )


def office_graph(model: Any, **how: Any) -> StateGraph[Inquiry]:
    worker = clerk(model, **how)
    ways = {"plan": "plan", "think": "think", "act": "act", "ask": "ask", "done": END}
    builder = StateGraph(Inquiry).set_node_defaults(retry_policy=RETRY).add_edge(START, "plan")
    for step in (worker.plan, worker.think, worker.act, worker.ask):
        builder.add_node(step).add_conditional_edges(step.__name__, worker.next, ways)
    return builder


def office_process(model: Any, **how: Any) -> Process:
    return as_process("inquiry", office_graph(model, **how), doc="An inquiry.", store=None)


async def worked(
    database: Database, replies: list[Any], *, letter: str = "", **how: Any
) -> tuple[Case, Process, Scripted]:
    """Put one case through until it rests, and return it with its process and the model."""
    model = Scripted(replies=replies)
    process = office_process(model, **how)
    case, _ = await start_case(database, process, input_={"letter": letter}, actor="anna", key=None)
    await run_ready(database, process)
    async with database.transaction() as connection:
        return await get_case(connection, case.id), process, model


async def worked_alone(
    replies: list[Any], *, letter: str = "", pause_s: float = 0, **how: Any
) -> tuple[Work, Scripted]:
    """Put one case through in plain LangGraph, without a host; return what it remembers, and the model."""
    model = Scripted(replies=replies, pause_s=pause_s)
    graph = office_graph(model, **how).compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"letter": letter}, config, durability="sync")
    state = await graph.aget_state(config)
    return Work.model_validate(state.values["work"]), model


async def questions(database: Database, case: Case) -> list[Review]:
    """What is asked about the case."""
    async with database.transaction() as connection:
        return await list_reviews(connection, status="open", case_id=case.id, after=None, limit=10)


async def answered(database: Database, case: Case, process: Process, decision: str) -> Case:
    """Answer what the case asks, and let it go on to its next rest."""
    (review,) = await questions(database, case)
    answer = {"decision": decision, "comment": "no"}
    await answer_review(database, review.id, answer=answer, actor="ben")
    await run_ready(database, process)
    async with database.transaction() as connection:
        return await get_case(connection, case.id)
