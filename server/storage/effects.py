"""The effect ledger's rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import NotFound
from server.storage.database import Connection
from server.storage.duties import delete_duties
from server.storage.pages import KeyPosition
from server.storage.quotas import release_quotas


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
    sources: dict[str, str]
    status: str
    tries: int
    receipt: dict[str, Any] | None
    error: dict[str, Any] | None
    settled_by: str | None
    undoes: str | None
    intended_at: datetime
    tried_at: datetime
    ended_at: datetime | None
    compensated_at: datetime | None
    age_s: float  # since the last try, by the database's clock


_COLUMNS = (
    "key, case_id, step, server, tool, contract, arguments, digest, verdict, sources, status, tries, receipt,"
    " error, settled_by, undoes, intended_at, tried_at, ended_at, compensated_at,"
    " EXTRACT(EPOCH FROM now() - tried_at)::float8 AS age_s"
)


async def find_effect(connection: Connection, key: str) -> Effect | None:
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM effects WHERE key = %s FOR UPDATE", (key,))
        return await cursor.fetchone()


async def get_effect(connection: Connection, key: str) -> Effect:
    """Return the effect.

    Raises:
        NotFound: there is none under this key.
    """
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM effects WHERE key = %s", (key,))
        if effect := await cursor.fetchone():
            return effect
    raise NotFound(f"there is no effect {key!r}")


async def list_all_effects(
    connection: Connection, *, status: str | None, server: str | None, after: KeyPosition | None, limit: int
) -> list[Effect]:
    """Return up to `limit` effects of all cases, newest first, that come after the position."""
    at, key = after or (None, None)
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM effects"
            " WHERE (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(server)s::text IS NULL OR server = %(server)s)"
            " AND (%(at)s::timestamptz IS NULL OR (intended_at, key) < (%(at)s, %(key)s::text))"
            " ORDER BY intended_at DESC, key DESC LIMIT %(limit)s",
            {"status": status, "server": server, "at": at, "key": key, "limit": limit},
        )
        return await cursor.fetchall()


async def list_effects(connection: Connection, case_id: UUID) -> list[Effect]:
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM effects WHERE case_id = %s ORDER BY intended_at, key",
            (case_id,),
        )
        return await cursor.fetchall()


async def find_done(
    connection: Connection, case_id: UUID, *, server: str, tool: str, receipt: dict[str, Any]
) -> Effect | None:
    """Find an effect of the case by what it left; among several of one receipt, the first."""
    async with connection.cursor(row_factory=class_row(Effect)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM effects WHERE case_id = %s AND server = %s AND tool = %s"
            " AND status = 'done' AND receipt = %s ORDER BY intended_at, key LIMIT 1",
            (case_id, server, tool, Jsonb(receipt)),
        )
        return await cursor.fetchone()


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
    sources: Mapping[str, str],
    undoes: str | None,
) -> None:
    written = (Jsonb(arguments), digest, Jsonb(verdict), Jsonb(dict(sources)))
    await connection.execute(
        "INSERT INTO effects"
        " (key, case_id, step, server, tool, contract, arguments, digest, verdict, sources, undoes)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (key, case_id, step, server, tool, contract, *written, undoes),
    )


async def repeat_intent(connection: Connection, key: str) -> None:
    """Count another try, begun now, of an effect that has no receipt yet."""
    await connection.execute(
        "UPDATE effects SET status = 'intended', tries = tries + 1, tried_at = now(), error = NULL,"
        " settled_by = NULL, ended_at = NULL WHERE key = %s",
        (key,),
    )


async def replace_intent(
    connection: Connection,
    key: str,
    *,
    arguments: dict[str, Any],
    digest: str,
    verdict: dict[str, Any],
    sources: Mapping[str, str],
) -> None:
    """Intend an effect that certainly did not happen anew, with the arguments of now."""
    await repeat_intent(connection, key)
    await connection.execute(
        "UPDATE effects SET arguments = %s, digest = %s, verdict = %s, sources = %s WHERE key = %s",
        (Jsonb(arguments), digest, Jsonb(verdict), Jsonb(dict(sources)), key),
    )


@dataclass(frozen=True)
class Finished:
    """An effect that happened: at which server, and the key of the one that it takes back."""

    server: str
    undone: str | None


async def finish_effect(connection: Connection, key: str, *, receipt: dict[str, Any], by: str) -> Finished:
    """Write that an effect happened, how its objects are called, and that what it takes back is gone."""
    async with connection.cursor(row_factory=class_row(Finished)) as cursor:
        await cursor.execute(
            "WITH done AS (UPDATE effects SET status = 'done', receipt = %(receipt)s, error = NULL,"
            " settled_by = %(by)s, ended_at = now() WHERE key = %(key)s RETURNING server, undoes),"
            " named AS (UPDATE duties SET object_id = %(receipt)s::jsonb #>> string_to_array(found_at, '.')"
            " WHERE effect = %(key)s AND object_id IS NULL),"
            " undone AS (UPDATE effects SET compensated_at = now() FROM done"
            " WHERE effects.key = done.undoes RETURNING effects.key)"
            " SELECT server, (SELECT key FROM undone) AS undone FROM done",
            {"receipt": Jsonb(receipt), "by": by, "key": key},
        )
        if finished := await cursor.fetchone():
            return finished
    raise NotFound(f"there is no effect {key!r}")


async def fail_effect(
    connection: Connection, key: str, *, error: dict[str, Any], by: str | None = None
) -> None:
    """Write that an effect certainly did not happen: it is nobody's duty, and gives back its quotas.

    `by` says so if it was an operator.
    """
    cursor = await connection.execute(
        "UPDATE effects SET status = 'failed', error = %s, settled_by = %s, ended_at = now()"
        " WHERE key = %s AND status = 'intended'",
        (Jsonb(error), by, key),
    )
    if cursor.rowcount:
        await delete_duties(connection, key)
        await release_quotas(connection, key)
