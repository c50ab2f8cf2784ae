"""Notices: a commit that brings a case to rest tells every process that listens."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from server.storage.database import Connection

_CHANNEL = "steward_case_at_rest"
# To stand in the statement that moves a case; PostgreSQL sends it with the commit, and never without.
REST_NOTICE = f"pg_notify('{_CHANNEL}', id::text)"


async def hear_rests(connection: Connection) -> AsyncIterator[UUID]:
    """Yield the id of each case that comes to rest from now on; a lost connection raises."""
    await connection.execute(f"LISTEN {_CHANNEL}".encode())
    async with aclosing(connection.notifies()) as notices:
        async for notice in notices:
            yield UUID(notice.payload)


async def list_at_rest(connection: Connection, ids: list[UUID]) -> list[UUID]:
    """Return those of the cases that do not run."""
    rows = await connection.execute("SELECT id FROM cases WHERE id = ANY(%s) AND status <> 'running'", (ids,))
    return [row["id"] for row in await rows.fetchall()]
