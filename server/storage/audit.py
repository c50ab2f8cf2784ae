"""Audit entries: appended in the transaction of what they report."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from server.storage.database import Connection


async def append_entry(
    connection: Connection,
    actor: str,
    *,
    action: str,
    object_: str,
    case_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Record that `actor` did `action` to `object_`; `detail` is plain JSON."""
    await connection.execute(
        "INSERT INTO audit_entries (actor, action, object, case_id, detail) VALUES (%s, %s, %s, %s, %s)",
        (actor, action, object_, case_id, Jsonb(detail)),
    )


async def append_entries(
    connection: Connection, actor: str, *, action: str, entries: list[tuple[str, UUID, dict[str, Any]]]
) -> None:
    """Record one action on many objects, at least one; each entry is an object, its case and the detail."""
    objects, cases, details = zip(*entries, strict=True)
    await connection.execute(
        "INSERT INTO audit_entries (actor, action, object, case_id, detail)"
        " SELECT %s, %s, given.* FROM unnest(%s::text[], %s::uuid[], %s::jsonb[]) AS given",
        (actor, action, list(objects), list(cases), [Jsonb(detail) for detail in details]),
    )
