"""The one writer of checkpoints in a process: what many runs save at once is one transaction.

While a transaction is under way, the next one gathers; nothing waits for a time. A step's writes and the
checkpoint that follows arrive within a few turns of the event loop, and so are committed together.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from server.errors import AttemptSuperseded
from server.storage.arrays import Array, Bytes, Integers, Texts, Uuids
from server.storage.saver_rows import Rows, Table

log = structlog.get_logger()

# Turns of the event loop before a transaction begins: the checkpoint after parallel steps comes that late.
TURNS = 2
MAX_BYTES = 8 * 1024 * 1024  # a transaction that holds this much takes in no further attempt

# The fence and everything behind it, in one statement and so in one transaction: only rows whose attempt
# owns its case are written, and it owns it until the commit. Cases are locked in the order of their ids.
_WRITE = """
WITH fence AS MATERIALIZED (
    SELECT member FROM unnest(%b::uuid[], %b::int[]) WITH ORDINALITY AS given (case_id, attempt, member)
    JOIN cases ON cases.id = given.case_id AND cases.attempt = given.attempt
    ORDER BY cases.id FOR SHARE OF cases{}
), blobs AS (
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT thread_id, checkpoint_ns, channel, version, type, blob
    FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[])
        AS given (member, thread_id, checkpoint_ns, channel, version, type, blob)
    JOIN fence USING (member)
    ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING
), heads AS (
    INSERT INTO checkpoints
        (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
    SELECT thread_id, checkpoint_ns, checkpoint_id, NULLIF(parent_id, ''), checkpoint::jsonb, metadata::jsonb
    FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
        AS given (member, thread_id, checkpoint_ns, checkpoint_id, parent_id, checkpoint, metadata)
    JOIN fence USING (member)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id)
    DO UPDATE SET checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata
), writes AS (
    INSERT INTO checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob)
    SELECT thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob
    FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::text[],
        %b::text[], %b::bytea[]) AS given
        (member, thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob)
    JOIN fence USING (member)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING
), rewrites AS (
    INSERT INTO checkpoint_writes
        (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob)
    SELECT thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob
    FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::text[],
        %b::text[], %b::bytea[]) AS given
        (member, thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, blob)
    JOIN fence USING (member)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
    DO UPDATE SET channel = EXCLUDED.channel, type = EXCLUDED.type, blob = EXCLUDED.blob
)
SELECT member FROM fence
"""
# Together, nobody waits for a neighbour's case that is being changed: it is left out, and tried alone.
_TOGETHER = _WRITE.format(" SKIP LOCKED").encode()
_ALONE = _WRITE.format("").encode()
_BLOB = (Integers, *[Texts] * 5, Bytes)
_CHECKPOINT = (Integers, *[Texts] * 6)
_WRITE_ROW = (Integers, *[Texts] * 4, Integers, *[Texts] * 3, Bytes)


@dataclass(frozen=True)
class Attempt:
    """One try of a case's run: what the fence lets through, or not."""

    case_id: UUID
    number: int


@dataclass
class _Member:
    """One attempt's part of a transaction, and who waits for it."""

    attempt: Attempt
    rows: Rows = field(default_factory=Rows)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CheckpointWriter:
    """Commits the rows of all attempts of this process, many in one transaction."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> None:
        self._pool = pool
        self._waiting: dict[Attempt, _Member] = {}
        self._flushing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, attempt: Attempt, rows: Rows) -> None:
        """Return once the rows are committed, and with them all that this attempt wrote before.

        What PostgreSQL refuses, and its silence, are raised as they are.

        Raises:
            AttemptSuperseded: another attempt owns the case; nothing was written.
        """
        member = self._waiting.get(attempt)
        if member is None:
            member = self._waiting[attempt] = _Member(attempt)
        member.rows.add(rows)
        if not self._flushing:
            self._flushing = True
            self._start(self._flush())
        await asyncio.shield(member.done)  # one who gives up must not take the others' answer along

    async def _flush(self) -> None:
        try:
            while self._waiting:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                await self._commit_together(self._gather())
        finally:
            self._flushing = False

    def _gather(self) -> list[_Member]:
        members: list[_Member] = []
        size = 0
        while self._waiting and size < MAX_BYTES:
            member = self._waiting.pop(next(iter(self._waiting)))
            members.append(member)
            size += member.rows.size
        return members

    async def _commit_together(self, members: list[_Member]) -> None:
        """Commit what can be committed at once, and try the rest alone, so that nobody pays for a neighbour.

        A repeat changes nothing that was written before it: whether a lost commit took place may stay open.
        """
        written: set[int] = set()
        try:
            written = await self._execute(_TOGETHER, members)
        except Exception as error:  # noqa: BLE001  whose it is shows when each is tried alone
            log.warning("shared_commit_failed", reason=type(error).__name__, attempts=len(members))
        for number, member in enumerate(members, start=1):
            if number in written:
                member.done.set_result(None)
            else:
                self._start(self._commit_alone(member))

    async def _commit_alone(self, member: _Member) -> None:
        try:
            if not await self._execute(_ALONE, [member]):
                raise AttemptSuperseded(
                    f"attempt {member.attempt.number} of case {member.attempt.case_id} is superseded"
                )
        except Exception as error:  # noqa: BLE001  it belongs to whoever waits
            member.done.set_exception(error)
        else:
            member.done.set_result(None)

    async def _execute(self, statement: bytes, members: list[_Member]) -> set[int]:
        """Write the rows and return the numbers, from 1, of the members whose attempt is current."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, _parameters(members))
            return {row["member"] for row in await cursor.fetchall()}

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the event loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)


def _parameters(members: list[_Member]) -> list[Array]:
    """Return the statement's arrays: the fence's two, then one for each column of each table."""
    rows = [member.rows for member in members]
    return [
        Uuids([member.attempt.case_id for member in members]),
        Integers([member.attempt.number for member in members]),
        *_columns(_BLOB, [one.blobs for one in rows]),
        *_columns(_CHECKPOINT, [one.checkpoints for one in rows]),
        *_columns(_WRITE_ROW, [one.writes for one in rows]),
        *_columns(_WRITE_ROW, [one.rewrites for one in rows]),
    ]


def _columns(types: Sequence[type[Array]], tables: list[Table]) -> list[Array]:
    """Return the rows of all members, column by column; the first column is the member's number."""
    rows = [
        (number, *key, *row) for number, table in enumerate(tables, start=1) for key, row in table.items()
    ]
    columns: Iterable[Sequence[object]] = zip(*rows, strict=True) if rows else [()] * len(types)
    return [type_(column) for type_, column in zip(types, columns, strict=True)]
