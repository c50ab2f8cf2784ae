"""Rules that people proposed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.storage.database import Connection
from server.storage.pages import Position


@dataclass(frozen=True)
class ProposedRule:
    """A rule that a person proposed after a review, as a line of YAML, and its backtest."""

    id: UUID
    table_id: str
    rule: str
    line: str
    text_digest: str
    case_id: UUID
    review_id: UUID
    backtest: dict[str, Any]
    proposed_by: str
    proposed_at: datetime


_COLUMNS = ", ".join(ProposedRule.__dataclass_fields__)


async def insert_proposal(
    connection: Connection,
    id_: UUID,
    *,
    table_id: str,
    rule: str,
    line: str,
    text_digest: str,
    case_id: UUID,
    review_id: UUID,
    backtest: dict[str, Any],
    actor: str,
) -> ProposedRule:
    async with connection.cursor(row_factory=class_row(ProposedRule)) as cursor:
        await cursor.execute(
            "INSERT INTO proposed_rules"
            " (id, table_id, rule, line, text_digest, case_id, review_id, backtest, proposed_by)"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
            (id_, table_id, rule, line, text_digest, case_id, review_id, Jsonb(backtest), actor),
        )
        if proposal := await cursor.fetchone():
            return proposal
    raise AssertionError("INSERT ... RETURNING gave no row")


async def list_proposals(
    connection: Connection, table_id: str, *, after: Position | None, limit: int
) -> list[ProposedRule]:
    """Return up to `limit` proposals for a table, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(ProposedRule)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM proposed_rules WHERE table_id = %(table)s"
            " AND (%(at)s::timestamptz IS NULL OR (proposed_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY proposed_at DESC, id DESC LIMIT %(limit)s",
            {"table": table_id, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()
