"""Decision tables as they were, and what they decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Json, Jsonb

from rules import LayeredTable
from server.errors import NotFound, TableChanged
from server.storage.database import Connection
from server.storage.runs import Claim


@dataclass(frozen=True)
class StoredTable:
    """A table as a host had it; `sources` are the texts of its files, its own first."""

    digest: str
    table_id: str
    version: str
    sources: dict[str, str]
    first_seen_at: datetime


@dataclass(frozen=True)
class RecordedDecision:
    """What a table said in a step of a case, to facts as they were given to it.

    `said` has the rule, reason and outcome of a decision, and what an escalation names; `text_digest` is of
    the stored table, `digest` of what of it applied. `ended_at` and `status` are the case's.
    """

    case_id: UUID
    step: str
    table_id: str
    text_digest: str
    digest: str
    as_of: date | None
    facts: dict[str, Any]
    facts_digest: str
    kind: str
    said: dict[str, Any]
    decided_at: datetime
    status: str
    ended_at: datetime | None


_LOCK = 0x57E3A2E
_TAKEN = """
    SELECT new ->> 'file' AS file, new ->> 'version' AS version, first_seen_at
    FROM rule_tables, jsonb_array_elements(parts) AS old, jsonb_array_elements(%(parts)s) AS new
    WHERE table_id = %(table)s AND old ->> 'id' = new ->> 'id' AND old ->> 'version' = new ->> 'version'
    AND old ->> 'digest' <> new ->> 'digest' ORDER BY first_seen_at LIMIT 1
"""
_SPARE = {"table", "version", "digest", "as_of", "facts", "facts_digest", "kind", "why_not"}
_TABLE_COLUMNS = ", ".join(StoredTable.__dataclass_fields__)
_COLUMNS = ", ".join(RecordedDecision.__dataclass_fields__)


async def save_tables(connection: Connection, tables: Iterable[LayeredTable]) -> None:
    """Keep the text of each table, the first time that it is seen here.

    Raises:
        TableChanged: a part of a table had other content under the same version.
    """
    for table in sorted(tables, key=lambda one: one.base.id):
        if await find_table(connection, table.digest):
            continue
        # Two hosts that publish at once must see each other's text.
        await connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, table.base.id))
        parts = Jsonb([part._asdict() for part in table.parts])
        cursor = await connection.execute(_TAKEN, {"table": table.base.id, "parts": parts})
        if row := await cursor.fetchone():
            raise TableChanged(
                f"{row['file']}: version {row['version']} has had other content since"
                f" {row['first_seen_at']:%F}; decisions name it, so the change needs a version of its own"
            )
        await connection.execute(
            "INSERT INTO rule_tables (digest, table_id, version, sources, parts) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (table.digest, table.base.id, table.base.version, Json(table.sources), parts),
        )


async def find_table(connection: Connection, digest: str) -> StoredTable | None:
    async with connection.cursor(row_factory=class_row(StoredTable)) as cursor:
        await cursor.execute(f"SELECT {_TABLE_COLUMNS} FROM rule_tables WHERE digest = %s", (digest,))
        return await cursor.fetchone()


async def get_table(connection: Connection, digest: str) -> StoredTable:
    """Return the table of this digest.

    Raises:
        NotFound: no host on this database has had it.
    """
    if stored := await find_table(connection, digest):
        return stored
    raise NotFound(f"there is no table with the digest {digest!r}")


async def insert_decision(
    connection: Connection,
    claim: Claim,
    *,
    step: str,
    text: str,
    said: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Keep what a table said, under the fence; the row of an earlier try of the step is written again.

    The commit need not reach the disk by itself: the checkpoint that follows takes it along, and without that
    checkpoint the step is done again. `said` is a decision's JSON, `text` the digest of the stored table.
    """
    await connection.execute("SET LOCAL synchronous_commit = off")
    await connection.execute("SELECT assert_attempt(%s, %s)", (claim.case_id, claim.attempt))
    await connection.execute(
        "INSERT INTO decisions"
        " (case_id, step, table_id, facts_digest, text_digest, digest, as_of, facts, kind, said)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (case_id, step, table_id, facts_digest) DO UPDATE SET"
        " text_digest = EXCLUDED.text_digest, digest = EXCLUDED.digest,"
        " as_of = EXCLUDED.as_of, facts = EXCLUDED.facts, kind = EXCLUDED.kind, said = EXCLUDED.said",
        (
            claim.case_id,
            step,
            said["table"],
            said["facts_digest"],
            text,
            said["digest"],
            said["as_of"],
            Jsonb(dict(facts)),
            said["kind"],
            Jsonb(_slim(said)),
        ),
    )


def _slim(said: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what stands in columns of its own, and what the stored text says again when it is asked."""
    slim = {name: value for name, value in said.items() if name not in _SPARE}
    slim["asked"] = {name: _slim(answer) | {"kind": answer["kind"]} for name, answer in said["asked"].items()}
    return slim


async def pin_table(connection: Connection, case_id: UUID, *, table_id: str, digest: str) -> None:
    """Let the case decide by this text from now on, unless it has one of the table already."""
    await connection.execute(
        "UPDATE cases SET tables = tables || jsonb_build_object(%s::text, %s::text)"
        " WHERE id = %s AND NOT tables ? %s",
        (table_id, digest, case_id, table_id),
    )


async def list_decisions(connection: Connection, case_id: UUID) -> list[RecordedDecision]:
    """Return what tables said in a case, in the order in which they said it."""
    async with connection.cursor(row_factory=class_row(RecordedDecision)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM decisions JOIN cases ON cases.id = case_id WHERE case_id = %s"
            " ORDER BY decided_at, step, table_id",
            (case_id,),
        )
        return await cursor.fetchall()


# A step that decided several times counts by its last word.
_LAST = f"""
    WITH newest AS (
        SELECT * FROM decisions WHERE table_id = %(table)s
        AND (%(since)s::timestamptz IS NULL OR decided_at >= %(since)s)
        ORDER BY decided_at DESC, case_id DESC, step DESC LIMIT %(limit)s)
    SELECT DISTINCT ON (case_id, split_part(step, ':', 1)) {_COLUMNS}
    FROM newest JOIN cases ON cases.id = case_id
    ORDER BY case_id, split_part(step, ':', 1), decided_at DESC, step DESC
"""


async def list_last_decisions(
    connection: Connection, table_id: str, *, since: datetime | None, limit: int
) -> list[RecordedDecision]:
    """Return what a table last said in each step of each case, of its newest `limit` decisions."""
    async with connection.cursor(row_factory=class_row(RecordedDecision)) as cursor:
        await cursor.execute(_LAST, {"table": table_id, "since": since, "limit": limit})
        return await cursor.fetchall()


async def list_texts(connection: Connection, table_id: str, *, limit: int) -> list[StoredTable]:
    """Return the newest texts of a table."""
    async with connection.cursor(row_factory=class_row(StoredTable)) as cursor:
        await cursor.execute(
            f"SELECT {_TABLE_COLUMNS} FROM rule_tables WHERE table_id = %s"
            " ORDER BY first_seen_at DESC, digest LIMIT %s",
            (table_id, limit),
        )
        return await cursor.fetchall()
