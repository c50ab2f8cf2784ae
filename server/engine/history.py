"""What a case did: its state and its steps, read from the checkpoints."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import PregelTask, StateSnapshot

from server.engine.registry import Process
from server.storage.database import Database, translated

MAX_STEPS = 500


@dataclass(frozen=True)
class StepRecord:
    """One execution of a node: `done`, `waiting` for a review, or `open` because it has not ended."""

    number: int
    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    update: dict[str, Any] | None


@dataclass(frozen=True)
class History:
    """The present values of a case's state, and its steps, oldest first."""

    values: dict[str, Any]
    steps: list[StepRecord]


async def read_history(database: Database, process: Process, case_id: UUID) -> History:
    graph = process.graph.copy(update={"checkpointer": AsyncPostgresSaver(database.pool)})
    config: RunnableConfig = {"configurable": {"thread_id": str(case_id)}}
    async with translated():
        snapshots = [snapshot async for snapshot in graph.aget_state_history(config, limit=MAX_STEPS)]
    if not snapshots:
        return History({}, [])
    steps: list[StepRecord] = []
    ended_at: datetime | None = None
    for snapshot in snapshots:
        started_at = _moment(snapshot)
        steps.extend(
            _record(snapshot, task, started_at=started_at, ended_at=ended_at) for task in snapshot.tasks
        )
        ended_at = started_at
    return History(snapshots[0].values, [step for step in reversed(steps) if step.name != "__start__"])


def _record(
    snapshot: StateSnapshot, task: PregelTask, *, started_at: datetime, ended_at: datetime | None
) -> StepRecord:
    done = task.result is not None
    return StepRecord(
        number=(snapshot.metadata or {}).get("step", 0) + 1,
        name=task.name,
        status="done" if done else "waiting" if task.interrupts else "open",
        started_at=started_at,
        ended_at=ended_at if done else None,
        update=task.result if isinstance(task.result, dict) else None,
    )


def _moment(snapshot: StateSnapshot) -> datetime:
    if snapshot.created_at is None:
        raise AssertionError("a stored checkpoint has its time")
    return datetime.fromisoformat(snapshot.created_at)
