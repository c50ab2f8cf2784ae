"""Duties: who had a part in what was done to which business object."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from server.storage.database import Connection

Part = Literal["initiator", "approver"]
_LOCK_CLASS = 0x57E3D0


@dataclass(frozen=True)
class Object:
    """A business object of a type, or, with `found_at`, the place of the receipt that will name it."""

    type: str
    id: str | None = None
    found_at: str | None = None


@dataclass(frozen=True)
class Duty:
    """What somebody had a part in."""

    object_type: str
    object_id: str
    duty: str
    part: Part
    person: str
    case_id: UUID
    at: datetime


async def lock_objects(connection: Connection, objects: Sequence[Object]) -> None:
    """Let nobody else be held against these objects' history until the commit, in one order for everybody."""
    names = sorted({f"{one.type}/{one.id}" for one in objects})
    await connection.execute(
        "SELECT pg_advisory_xact_lock(%s, hashtext(name)) FROM unnest(%s::text[]) AS given (name)",
        (_LOCK_CLASS, names),
    )


async def list_answerers(connection: Connection, case_id: UUID, *, duty: str) -> list[str]:
    """Return who answered a question of the case about this duty, or about none in particular.

    Who answers about one call is known by the call's own verdict.
    """
    rows = await (
        await connection.execute(
            "SELECT DISTINCT answered_by FROM reviews WHERE case_id = %s AND status = 'answered'"
            " AND COALESCE(body->>'duty', %s) = %s AND body->>'kind' IS DISTINCT FROM 'call'"
            " ORDER BY answered_by",
            (case_id, duty, duty),
        )
    ).fetchall()
    return [row["answered_by"] for row in rows]


async def find_part(
    connection: Connection, object_: Object, *, duties: Collection[str], parts: Mapping[Part, Collection[str]]
) -> Duty | None:
    """Find the first of these duties at the object in which one of these persons had one of these parts.

    `parts` says by the part of now which persons have it; any of the parts counts against any.
    """
    persons = sorted({person for of_part in parts.values() for person in of_part})
    async with connection.cursor(row_factory=class_row(Duty)) as cursor:
        await cursor.execute(
            "SELECT object_type, object_id, duty, part, person, case_id, at FROM duties"
            " WHERE object_type = %s AND object_id = %s AND duty = ANY(%s) AND part = ANY(%s)"
            " AND person = ANY(%s) ORDER BY at, person LIMIT 1",
            (object_.type, object_.id, list(duties), list(parts), persons),
        )
        return await cursor.fetchone()


async def insert_duties(
    connection: Connection,
    key: str,
    *,
    objects: Sequence[Object],
    duty: str,
    parts: Mapping[Part, Collection[str]],
    agent: str,
    case_id: UUID,
) -> None:
    """Write who has a part in the effect, for each of its objects."""
    rows = [
        (key, one.type, one.id, one.found_at, duty, part, person, agent, case_id)
        for one in objects
        for part, persons in parts.items()
        for person in persons
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO duties"
            " (effect, object_type, object_id, found_at, duty, part, person, agent, case_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )


async def delete_duties(connection: Connection, key: str) -> None:
    """Forget the parts in an effect that left nothing."""
    await connection.execute("DELETE FROM duties WHERE effect = %s", (key,))
