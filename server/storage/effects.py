"""The effect ledger's rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.storage.database import Connection


@dataclass(frozen=True)
class Effect:
    """One consequential tool call: what was intended, and what the system of record answered."""

    key: str
    case_id: UUID
    step: str
    server: str
    tool: str
    contract: str
    arguments: dict[str, Any]
    digest: str
    verdict: dict[str, Any]
    status: str
    tries: int
    receipt: dict[str, Any] | None
    error: dict[str, Any] | None
    intended_at: datetime
    ended_at: datetime | None


_COLUMNS = ", ".join(Effect.__dataclass_fields__)


async def find_effect(connection: Connection, key: str) -> Effect | None:
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM effects WHERE key = %s FOR UPDATE", (key,))
        return await cursor.fetchone()


async def list_effects(connection: Connection, case_id: UUID) -> list[Effect]:
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM effects WHERE case_id = %s ORDER BY intended_at, key",
            (case_id,),
        )
        return await cursor.fetchall()


async def insert_intent(
    connection: Connection,
    key: str,
    *,
    case_id: UUID,
    step: str,
    server: str,
    tool: str,
    contract: str,
    arguments: dict[str, Any],
    digest: str,
    verdict: dict[str, Any],
) -> None:
    await connection.execute(
        "INSERT INTO effects (key, case_id, step, server, tool, contract, arguments, digest, verdict)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (key, case_id, step, server, tool, contract, Jsonb(arguments), digest, Jsonb(verdict)),
    )


async def repeat_intent(connection: Connection, key: str) -> None:
    """Count another try of an effect that has no receipt yet."""
    await connection.execute(
        "UPDATE effects SET status = 'intended', tries = tries + 1, error = NULL, ended_at = NULL"
        " WHERE key = %s",
        (key,),
    )


async def finish_effect(connection: Connection, key: str, *, receipt: dict[str, Any]) -> None:
    await connection.execute(
        "UPDATE effects SET status = 'done', receipt = %s, error = NULL, ended_at = now() WHERE key = %s",
        (Jsonb(receipt), key),
    )


async def fail_effect(connection: Connection, key: str, *, error: dict[str, Any]) -> None:
    await connection.execute(
        "UPDATE effects SET status = 'failed', error = %s, ended_at = now()"
        " WHERE key = %s AND status = 'intended'",
        (Jsonb(error), key),
    )
