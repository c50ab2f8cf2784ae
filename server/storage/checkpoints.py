"""Checkpoints that change between runs, in the transaction of the operator who changes them."""

from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from server.storage.database import Connection
from server.storage.saver_ids import keep_after

# Under this task LangGraph keeps what comes into the state from outside; the next run applies it first.
OUTSIDE = "00000000-0000-0000-0000-000000000000"


class _Saver(AsyncPostgresSaver):
    """The stock saver; what it writes comes after what it read, whatever clock that was written by."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = await super().aget_tuple(config)
        if found is not None:
            keep_after(found.checkpoint["id"])
        return found


def saver_on(connection: Connection) -> AsyncPostgresSaver:
    """Return a saver whose reads and writes belong to the connection's transaction."""
    return _Saver(connection)


async def put_values(connection: Connection, case_id: UUID, values: dict[str, Any]) -> None:
    """Write channel values beside the case's last checkpoint, over values that were written there before.

    The checkpoint and the tasks that it leads to stay the same ones. So do the keys of their effects, what
    tasks beside them have done already, and the interrupts that they stand at.
    """
    saver = saver_on(connection)
    saved = await _last(saver, case_id)
    written = {channel: value for task, channel, value in saved.pending_writes or () if task == OUTSIDE}
    await connection.execute(
        "DELETE FROM checkpoint_writes WHERE thread_id = %s AND checkpoint_ns = '' AND checkpoint_id = %s"
        " AND task_id = %s",
        (str(case_id), saved.checkpoint["id"], OUTSIDE),
    )
    await saver.aput_writes(saved.config, list((written | values).items()), OUTSIDE)


async def _last(saver: AsyncPostgresSaver, case_id: UUID) -> CheckpointTuple:
    config: RunnableConfig = {"configurable": {"thread_id": str(case_id), "checkpoint_ns": ""}}
    saved = await saver.aget_tuple(config)
    if saved is None:
        raise AssertionError(f"case {case_id} has no checkpoint")
    return saved
