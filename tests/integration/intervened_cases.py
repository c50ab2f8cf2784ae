"""Cases that tests intervene in: brought to each status, by a process that fails and forks."""

import operator
from typing import Annotated, Any
from uuid import UUID

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import get_runtime
from langgraph.types import interrupt
from pydantic import BaseModel

from server.engine.actions import Action
from server.engine.cases import answer_review, start_case
from server.engine.interventions import Intervention, Outcome, intervene
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.reviews import Review, list_reviews

REASON = "the supplier called"


class Work(BaseModel):
    """What a case carries. Size 0 makes the step `weigh` fail."""

    item: str
    title: str = ""
    size: int = 0
    approved: str = ""
    notes: Annotated[list[str], operator.add] = []
    executions: Annotated[list[str], operator.add] = []
    result: str = ""


executed: list[tuple[str, str]] = []  # every execution of a step: its name and its task


def _execution(name: str) -> dict[str, Any]:
    runtime = get_runtime()
    assert runtime.execution_info is not None
    executed.append((name, runtime.execution_info.task_id))
    return {"executions": [name]}


def begin(state: Work) -> dict[str, Any]:
    """Give the case a title."""
    return {"title": f"work on {state.item}", "notes": ["begun"], **_execution("begin")}


def approve(state: Work) -> dict[str, Any]:
    """Ask whether to go on, and fail once the answer is known if the size is none."""
    answer = interrupt({"question": f"Work on {state.item} of size {state.size}?", "role": "clerk"})
    if state.size < 0:
        raise ValueError("no such size")
    return {"approved": answer, **_execution("approve")}


def weigh(state: Work) -> dict[str, Any]:
    """Refuse a size of zero."""
    _execution("weigh")
    if state.size == 0:
        raise ZeroDivisionError("a secret that must not be shown")
    return {"executions": ["weigh"]}


def paint(state: Work) -> dict[str, Any]:
    """Do something beside `weigh` that must happen once."""
    return _execution("paint")


def finish(state: Work) -> dict[str, Any]:
    """Say what became of it."""
    return {"result": f"{state.item} of size {state.size}", **_execution("finish")}


def work_process() -> Process:
    builder = (
        StateGraph(Work)
        .add_sequence([begin, approve])
        .add_node(weigh)
        .add_node(paint)
        .add_node(finish)
        .add_edge(START, "begin")
        .add_edge("approve", "weigh")
        .add_edge("approve", "paint")
        .add_edge(["weigh", "paint"], "finish")
        .add_edge("finish", END)
    )
    return as_process("work", builder, doc="Work that can fail.", store=None)


REGISTRY = Registry([work_process()])


async def run_all(database: Database) -> None:
    """Do what a worker would do with every ready run."""
    runner = Runner(database, REGISTRY)
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
    for row in rows:
        await runner.run(row["id"], worker=1)


async def start(database: Database, *, size: int = 3) -> UUID:
    input_ = {"item": "chair", "size": size}
    case, _ = await start_case(database, REGISTRY.get("work"), input_=input_, actor="anna", key=None)
    return case.id


async def waiting(database: Database, *, size: int = 3) -> UUID:
    case_id = await start(database, size=size)
    await run_all(database)
    return case_id


async def answer(database: Database, case_id: UUID) -> None:
    (review,) = [review for review in await reviews_of(database, case_id) if review.status == "open"]
    await answer_review(database, review.id, answer="yes", actor="ben")


async def answered(database: Database, *, size: int = 3) -> UUID:
    """A case that was answered and ran as far as it could."""
    case_id = await waiting(database, size=size)
    await answer(database, case_id)
    await run_all(database)
    return case_id


async def in_incident(database: Database) -> UUID:
    return await answered(database, size=0)


async def suspended(database: Database) -> UUID:
    case_id = await waiting(database)
    await do(database, case_id, "suspend")
    return case_id


async def cancelled(database: Database) -> UUID:
    case_id = await waiting(database)
    await do(database, case_id, "cancel")
    return case_id


async def failed(database: Database) -> UUID:
    """No process fails a case yet; what an operator may do with one that did is decided all the same."""
    case_id = await waiting(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET status = 'failed' WHERE id = %s", (case_id,))
    return case_id


IN_STATUS = {
    "running": start,
    "waiting": waiting,
    "suspended": suspended,
    "incident": in_incident,
    "succeeded": answered,
    "failed": failed,
    "cancelled": cancelled,
}


TABLES = [
    "cases", "runs", "reviews", "effects", "audit_entries", "incidents", "stops",
    "checkpoints", "checkpoint_writes", "checkpoint_blobs",
]  # fmt: skip
NEEDED: dict[str, dict[str, Any]] = {"edit": {"fields": {"size": 7}}, "skip": {"step": "finish"}}


async def do(
    database: Database,
    case_id: UUID,
    action: Action,
    *,
    actor: str = "olga",
    expected_revision: int | None = None,
    **options: Any,
) -> Outcome:
    """Intervene as an operator, with what the action needs if the test does not say."""
    return await intervene(
        database,
        REGISTRY,
        case_id,
        intervention=Intervention(action, REASON, **(NEEDED.get(action, {}) | options)),
        actor=actor,
        expected_revision=expected_revision,
    )


async def case_of(database: Database, case_id: UUID) -> Case:
    async with database.connection() as connection:
        return await get_case(connection, case_id)


async def reviews_of(database: Database, case_id: UUID) -> list[Review]:
    async with database.connection() as connection:
        return await list_reviews(connection, case_id=case_id, limit=10)


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table that an intervention could touch."""
    return {
        table: sorted(str(row) for row in await rows(database, f"SELECT * FROM {table}")) for table in TABLES
    }
