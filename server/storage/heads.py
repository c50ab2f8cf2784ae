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


async def delete_head(connection: Connection, case_id: UUID, *, checkpoint: str) -> None:
    """Forget a checkpoint and what was written to it, so that the one before it is the newest again."""
    for table in ("checkpoint_writes", "checkpoints"):
        statement = f"DELETE FROM {table} WHERE (thread_id, checkpoint_ns, checkpoint_id) = (%s, '', %s)"
        await connection.execute(statement.encode(), (str(case_id), checkpoint))


async def is_inside_a_step(connection: Connection, case_id: UUID, *, steps: Collection[str]) -> bool:
    """Say whether a graph inside one of these steps has written checkpoints of its own."""
    cursor = await connection.execute(
        "SELECT 1 FROM checkpoints WHERE thread_id = %s AND split_part(checkpoint_ns, ':', 1) = ANY(%s)"
        " LIMIT 1",
        (str(case_id), list(steps)),
    )
    return await cursor.fetchone() is not None


async def read_heads(connection: Connection, cases: Collection[UUID]) -> dict[UUID, CheckpointTuple]:
    """Return the newest checkpoint of each case that has one."""
    return await _HeadReader(connection).read(cases)
