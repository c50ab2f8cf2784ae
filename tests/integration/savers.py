"""Attempts of cases, for tests of the saver without a worker."""

from typing import Any
from uuid import uuid4

from langgraph.checkpoint.base import Checkpoint, empty_checkpoint

from server.storage.cases import insert_case
from server.storage.database import Database
from server.storage.saver import FencedSaver
from server.storage.saver_writer import Attempt

METADATA: Any = {"source": "loop", "step": 1, "parents": {}}


async def new_attempt(database: Database) -> Attempt:
    """Make a case and its first attempt."""
    case_id = uuid4()
    async with database.transaction() as connection:
        await insert_case(connection, case_id, process="none", version="", input_={}, actor="test")
        await connection.execute("UPDATE cases SET attempt = 1 WHERE id = %s", (case_id,))
    return Attempt(case_id, 1)


async def supersede(database: Database, attempt: Attempt) -> Attempt:
    """Begin the next attempt of the case."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET attempt = attempt + 1 WHERE id = %s", (attempt.case_id,))
    return Attempt(attempt.case_id, attempt.number + 1)


def saver_of(database: Database, attempt: Attempt) -> FencedSaver:
    return FencedSaver(database, case_id=attempt.case_id, attempt=attempt.number)


def config_of(thread: object, checkpoint_id: str | None = None) -> Any:
    return {"configurable": {"thread_id": str(thread), "checkpoint_ns": "", "checkpoint_id": checkpoint_id}}


def checkpoint_with(values: dict[str, Any]) -> Checkpoint:
    return {**empty_checkpoint(), "channel_values": values, "channel_versions": dict.fromkeys(values, "1")}
