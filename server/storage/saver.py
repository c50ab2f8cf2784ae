"""Checkpoints under the fence: a superseded attempt cannot write one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncCursor
from psycopg.rows import DictRow

from server.failpoints import pass_point
from server.storage.database import Pool, translated


class FencedSaver(AsyncPostgresSaver):
    """The stock saver for one attempt of one case; every write first asks whether the attempt is current.

    One instance a run, because the stock saver holds a lock that lets one statement through at a time.
    """

    def __init__(self, pool: Pool, *, case_id: UUID, attempt: int) -> None:
        super().__init__(pool)
        self._case_id = case_id
        self._attempt = attempt

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """Open a cursor; writes (all of them, and only they, use a pipeline) begin with the fence.

        A pipeline on an autocommit connection is one implicit transaction: a refused fence refuses the rest.
        """
        async with translated(), super()._cursor(pipeline=pipeline) as cursor:
            if pipeline:
                pass_point("checkpoint_before_write")
                await cursor.execute("SELECT assert_attempt(%s, %s)", (self._case_id, self._attempt))
            yield cursor
        if pipeline:
            pass_point("checkpoint_after_write")
