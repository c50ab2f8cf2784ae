"""The newest checkpoint of many cases at once, read without a graph."""

from collections.abc import Collection
from uuid import UUID

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from server.storage.database import Connection


class _HeadReader(AsyncPostgresSaver):
    """The stock saver's way to read a row, for the rows of many cases in one statement."""

    async def read(self, cases: Collection[UUID]) -> dict[UUID, CheckpointTuple]:
        async with self._cursor() as cursor:
            await cursor.execute(
                self.SELECT_SQL + "WHERE checkpoint_ns = '' AND (thread_id, checkpoint_id) IN ("
                " SELECT thread_id, max(checkpoint_id) FROM checkpoints"
                " WHERE thread_id = ANY(%s) AND checkpoint_ns = '' GROUP BY thread_id)",
                ([str(case_id) for case_id in cases],),
                binary=True,
            )
            rows = await cursor.fetchall()
        return {UUID(row["thread_id"]): await self._load_checkpoint_tuple(row) for row in rows}


async def read_heads(connection: Connection, cases: Collection[UUID]) -> dict[UUID, CheckpointTuple]:
    """Return the newest checkpoint of each case that has one."""
    return await _HeadReader(connection).read(cases)
