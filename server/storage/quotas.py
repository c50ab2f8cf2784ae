"""Quotas: what effects reserve of them, and how much of each is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.storage.database import Connection
from server.storage.pages import Position

Window = Literal["day", "month", "24h", "ever"]

# Of a row of quota_uses.
_USED = (
    "CASE \"window\" WHEN '24h' THEN (SELECT COALESCE(sum(amount), 0) FROM quota_reservations"
    " WHERE use_id = quota_uses.id AND reserved_at > now() - interval '24 hours') ELSE used END"
)


@dataclass(frozen=True)
class Share:
    """What one call takes of one quota, and how much all calls of its subject may take in the window.

    A person of the role `reviewer` may let a call go beyond; `approved` says that one did.
    """

    quota: str
    subject: dict[str, str]
    amount: Decimal
    limit: Decimal
    window: Window
    zone: str
    reviewer: str | None = None
    approved: bool = False


@dataclass(frozen=True)
class Full:
    """A quota with too little left for a call, until its window ends."""

    quota: str
    used: Decimal
    ends_at: datetime | None


@dataclass(frozen=True)
class Use:
    """How much of a quota is used in a window that is not over; `in_flight` of it has no outcome yet."""

    id: UUID
    quota: str
    subject: dict[str, str]
    used: Decimal
    in_flight: Decimal
    window: Window
    ends_at: datetime | None
    changed_at: datetime


async def reserve_quotas(connection: Connection, key: str, shares: Sequence[Share]) -> Full | None:
    """Reserve what the effect takes; if a quota has too little left, return it: the caller must roll back.

    What other calls wait for is locked until the commit, so this comes last before it.
    """
    wanted = [
        {
            "quota": share.quota,
            "subject": share.subject,
            "amount": str(share.amount),
            "limit": str(share.limit),
            "window": share.window,
            "zone": share.zone,
            "approved": share.approved,
        }
        for share in shares
    ]
    async with connection.cursor(row_factory=class_row(Full)) as cursor:
        await cursor.execute("SELECT * FROM reserve_quotas(%s, %s)", (key, Jsonb(wanted)))
        return await cursor.fetchone()


async def find_beyond(connection: Connection, key: str, shares: Sequence[Share]) -> list[Share]:
    """Return the shares of a call for which too little is left now, but for what its effect holds already.

    Nothing is locked: when the share is reserved, more or less may be left.
    """
    beyond = []
    for share in shares:
        cursor = await connection.execute(
            "SELECT COALESCE(max(used), 0) + %(amount)s > %(limit)s AND NOT EXISTS (SELECT"
            " FROM quota_reservations WHERE effect = %(key)s AND quota = %(quota)s) AS beyond"
            f" FROM (SELECT {_USED} AS used FROM quota_uses WHERE quota = %(quota)s"
            ' AND subject = %(subject)s AND "window" = %(window)s AND (ends_at IS NULL OR ends_at > now())'
            " ORDER BY begins_at DESC LIMIT 1) AS present",
            {
                "quota": share.quota,
                "subject": Jsonb(share.subject),
                "window": share.window,
                "amount": share.amount,
                "limit": share.limit,
                "key": key,
            },
        )
        row = await cursor.fetchone()
        if row and row["beyond"]:
            beyond.append(share)
    return beyond


async def release_quotas(connection: Connection, key: str) -> None:
    """Give back what the effect took."""
    await connection.execute("SELECT release_quotas(%s)", (key,))


async def list_uses(
    connection: Connection, *, quota: str | None, after: Position | None, limit: int
) -> list[Use]:
    """Return up to `limit` uses in windows that are not over, lately changed first, behind the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Use)) as cursor:
        await cursor.execute(
            f'SELECT id, quota, subject, "window", ends_at, changed_at, {_USED} AS used,'
            " (SELECT COALESCE(sum(amount), 0)"
            " FROM effects JOIN quota_reservations AS reserved ON reserved.effect = effects.key"
            " WHERE effects.status = 'intended' AND use_id = quota_uses.id) AS in_flight"
            " FROM quota_uses WHERE (ends_at IS NULL OR ends_at > now())"
            " AND (%(quota)s::text IS NULL OR quota = %(quota)s)"
            " AND (%(at)s::timestamptz IS NULL OR (changed_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY changed_at DESC, id DESC LIMIT %(limit)s",
            {"quota": quota, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()
