"""Checkpoints under the fence: a superseded attempt cannot write one."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncCursor
from psycopg.errors import Error
from psycopg.rows import DictRow

from server.errors import StateNotStorable
from server.failpoints import pass_point
from server.storage.database import Database, translated
from server.storage.saver_head import Head
from server.storage.saver_ids import keep_after
from server.storage.saver_rows import Rows, rows_of_checkpoint, rows_of_writes
from server.storage.saver_writer import Attempt


class FencedSaver(AsyncPostgresSaver):
    """The saver of one attempt of one case, on the tables of langgraph-checkpoint-postgres.

    It hands its rows to the writer that all attempts of this process share; reads go to the pool, without the
    lock that the stock saver holds round each statement.
    """

    def __init__(self, database: Database, *, case_id: UUID, attempt: int) -> None:
        super().__init__(database.pool)
        self._database = database
        self._attempt = Attempt(case_id, attempt)
        self._head: Head | None = None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint; the next one that this process makes comes after it."""
        found = await self._find(config)
        if found is not None:
            keep_after(found.checkpoint["id"])
        return found

    async def _find(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint; the newest is read once, and then known from what was written since."""
        place = config["configurable"]
        if place.get("checkpoint_ns") or get_checkpoint_id(config):
            return await super().aget_tuple(config)
        head = await self._newest(str(place["thread_id"]))
        return head.load(self.serde) if head else await super().aget_tuple(config)

    async def last_round(self) -> int | None:
        """Return the number of the round after which the case stands; None if it has not begun."""
        thread_id = str(self._attempt.case_id)
        if head := await self._newest(thread_id):
            return head.round()
        found = await super().aget_tuple({"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}})
        return found.metadata["step"] if found else None

    async def _newest(self, thread_id: str) -> Head | None:
        if self._head is None or self._head.thread_id != thread_id:
            self._head = Head.of_row(thread_id, await self._newest_row(thread_id))
        return self._head

    async def _newest_row(self, thread_id: str) -> DictRow | None:
        async with self._cursor() as cursor:
            await cursor.execute(
                f"{self.SELECT_SQL} WHERE thread_id = %s AND checkpoint_ns = ''"
                " ORDER BY checkpoint_id DESC LIMIT 1",
                (thread_id,),
            )
            return await cursor.fetchone()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Commit a checkpoint and return the config that names it.

        Raises:
            AttemptSuperseded: another attempt owns the case.
            StateNotStorable: the state holds what PostgreSQL does not keep.
            Unavailable: the database does not answer.
        """
        with _refusals():
            rows = rows_of_checkpoint(
                config, checkpoint, metadata=metadata, versions=new_versions, serde=self.serde
            )
        await self._write(rows)
        place = {key: config["configurable"][key] for key in ("thread_id", "checkpoint_ns")}
        return {"configurable": place | {"checkpoint_id": checkpoint["id"]}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Commit what a task wrote; it raises what `aput` raises."""
        with _refusals():
            rows = rows_of_writes(config, writes, task_id=task_id, task_path=task_path, serde=self.serde)
        await self._write(rows)

    async def _write(self, rows: Rows) -> None:
        pass_point("checkpoint_before_write")
        self._head = self._head and self._head.after(rows)
        try:
            with _refusals():
                async with translated():
                    await self._database.checkpoints.write(self._attempt, rows)
        except BaseException:
            self._head = None  # nobody knows what stands there now
            raise
        pass_point("checkpoint_after_write")

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """Open a cursor for what the stock saver does by itself: reads, and deletions behind the fence.

        Whatever it writes uses a pipeline, but for pruning, which is no work of an attempt.
        """
        self._head = None
        async with (
            translated(),
            self._database.pool.connection() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            if not pipeline:
                yield cursor
                return
            async with connection.transaction():
                await cursor.execute(
                    "SELECT assert_attempt(%s, %s)", (self._attempt.case_id, self._attempt.number)
                )
                yield cursor


@contextmanager
def _refusals() -> Iterator[None]:
    """Name what cannot be kept; the state itself is not quoted, for it may hold a secret."""
    try:
        yield
    except (Error, TypeError, ValueError, RecursionError) as error:
        raise StateNotStorable(
            f"the state holds what PostgreSQL does not keep ({type(error).__name__})"
        ) from error
