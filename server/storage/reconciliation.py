"""What the ledger says of one server's effects, for comparing it with what that server says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from server.storage.database import Connection


@dataclass(frozen=True)
class Sent:
    """An effect that left, or may have left: done, or intended by a case that no active run is at."""

    key: str
    case_id: UUID
    tool: str
    status: str
    arguments: dict[str, Any]
    receipt: dict[str, Any] | None


async def list_sent(connection: Connection, server: str, *, since: datetime | None) -> list[Sent]:
    async with connection.cursor(row_factory=class_row(Sent)) as cursor:
        await cursor.execute(
            "SELECT key, case_id, tool, status, arguments, receipt FROM effects"
            " WHERE server = %(server)s AND (%(since)s::timestamptz IS NULL OR intended_at >= %(since)s)"
            " AND (status = 'done' OR status = 'intended' AND NOT EXISTS (SELECT FROM runs"
            "  WHERE runs.case_id = effects.case_id AND runs.status IN ('waiting', 'ready', 'running')))"
            " ORDER BY intended_at, key",
            {"server": server, "since": since},
        )
        return await cursor.fetchall()


async def find_statuses(connection: Connection, keys: list[str]) -> dict[str, str]:
    """Return the status of each key that the ledger has."""
    cursor = await connection.execute("SELECT key, status FROM effects WHERE key = ANY(%s)", (keys,))
    return {row["key"]: row["status"] for row in await cursor.fetchall()}
