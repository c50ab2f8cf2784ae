"""Cases that move money through the outside systems, run by the engine in this process."""

from collections.abc import Callable
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy
from pydantic import BaseModel
from running_systems import HERE
from tool_servers import permissive

from server.engine.cases import start_case
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.effects import Effect, list_effects
from tools import Server
from tools.registry import ServerEntry, load_servers
from tools.retry import may_repeat

ENTRIES = load_servers(HERE / "servers.toml")
AMOUNT = {"amount": "10.00", "currency": "EUR"}


class Order(BaseModel):
    """What a case carries."""

    reference: str
    receipts: list[dict[str, Any]] = []


def door(contract: str, tool: str = "transfer", *, timeout_s: float = 3, **changed: Any) -> Server:
    """Return a door to a system whose look-ups settle at once; what is given replaces the tool's own."""
    entry = ENTRIES[contract]
    tools = {name: quick(one) for name, one in entry.tools.items()}
    tools[tool] = tools[tool].model_copy(update=changed)
    return Server(
        ServerEntry.model_validate(entry.model_copy(update={"timeout_s": timeout_s, "tools": tools}))
    )


def quick(tool: Any) -> Any:
    if tool.lookup is None:
        return tool
    return tool.model_copy(update={"lookup": tool.lookup.model_copy(update={"settle_s": 0.1})})


def transfer_process(step: Callable[[Order], Any]) -> Process:
    """One step, repeated at once where it may be."""
    policy = RetryPolicy(initial_interval=0.01, max_attempts=3, retry_on=may_repeat)
    builder = (
        StateGraph(Order)
        .add_node("act", step, retry_policy=policy)
        .add_edge(START, "act")
        .add_edge("act", END)
    )
    return as_process("transfers", builder, doc="Money out.", store=None)


async def finished(database: Database, step: Callable[[Order], Any], *, reference: str) -> Case:
    """Put one case through and return it at rest."""
    process = transfer_process(step)
    case, _ = await start_case(database, process, input_={"reference": reference}, actor="anna", key=None)
    await run_ready(database, process)
    async with database.transaction() as connection:
        return await get_case(connection, case.id)


async def run_ready(database: Database, process: Process) -> None:
    """Do what a worker would do with every run that is ready."""
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
    runner = Runner(database, Registry([process]), policies=permissive(*ENTRIES.values()))
    for row in rows:
        await runner.run(row["id"], worker=1)


async def effects_of(database: Database, case: Case) -> list[Effect]:
    async with database.transaction() as connection:
        return await list_effects(connection, case.id)
