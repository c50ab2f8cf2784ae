"""Migrations of waiting cases from one version of a process to another, and what became of each case."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import NotFound
from server.storage.database import Connection
from server.storage.pages import Position
from server.storage.versions import Versioned


@dataclass(frozen=True)
class Migration:
    """An order to take waiting cases from one version of a process to another."""

    id: UUID
    process: str
    from_version: str
    to_version: str
    plan: dict[str, Any]
    reason: str
    started_by: str
    started_at: datetime


@dataclass(frozen=True)
class MigratedCase:
    """A case under a migration: `before` and `after` are checkpoints, `reviews` those that were withdrawn.

    `tables` are the digests of what it decided by before.
    """

    migration_id: UUID
    case_id: UUID
    status: str
    before: str | None
    after: str | None
    reviews: list[UUID]
    tables: dict[str, str]
    why: str | None
    changed_by: str
    changed_at: datetime


_COLUMNS = ", ".join(Migration.__dataclass_fields__)
_CASE_COLUMNS = ", ".join(MigratedCase.__dataclass_fields__)


_WAITING = (
    "SELECT id FROM cases WHERE process = %(process)s AND version = %(version)s AND status = 'waiting'"
    " AND ended_at IS NULL ORDER BY created_at, id LIMIT %(limit)s"
)


async def list_waiting(connection: Connection, process: str, *, version: str, limit: int) -> list[UUID]:
    """Return the oldest cases that wait under a version."""
    cursor = await connection.execute(_WAITING, {"process": process, "version": version, "limit": limit})
    return [row["id"] for row in await cursor.fetchall()]


async def insert_migration(
    connection: Connection,
    *,
    process: str,
    from_version: str,
    to_version: str,
    plan: dict[str, Any],
    reason: str,
    actor: str,
    limit: int,
) -> UUID:
    """Order the migration of the `limit` oldest cases that wait under `from_version`."""
    id_ = uuid4()
    await connection.execute(
        "INSERT INTO process_migrations (id, process, from_version, to_version, plan, reason, started_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (id_, process, from_version, to_version, Jsonb(plan), reason, actor),
    )
    await connection.execute(
        "INSERT INTO case_migrations (migration_id, case_id, changed_by)"
        f" SELECT %(migration)s, id, %(actor)s FROM ({_WAITING}) AS waiting",
        {
            "migration": id_,
            "actor": actor,
            "process": process,
            "version": from_version,
            "limit": limit,
        },
    )
    return id_


async def get_migration(connection: Connection, id_: UUID) -> Migration:
    """Return the migration.

    Raises:
        NotFound: there is none of this id.
    """
    async with connection.cursor(row_factory=class_row(Migration)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} FROM process_migrations WHERE id = %s", (id_,))
        if migration := await cursor.fetchone():
            return migration
    raise NotFound(f"there is no migration {id_}")


async def list_migrations(
    connection: Connection, *, process: str, after: Position | None, limit: int
) -> list[Migration]:
    """Return up to `limit` migrations of a process, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Migration)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} FROM process_migrations WHERE process = %(process)s"
            " AND (%(at)s::timestamptz IS NULL OR (started_at, id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY started_at DESC, id DESC LIMIT %(limit)s",
            {"process": process, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def count_cases(connection: Connection, migrations: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Return how many cases of each of these migrations stand how."""
    cursor = await connection.execute(
        "SELECT migration_id, status, count(*) AS cases FROM case_migrations WHERE migration_id = ANY(%s)"
        " GROUP BY migration_id, status ORDER BY status",
        (list(migrations),),
    )
    counts: dict[UUID, dict[str, int]] = {id_: {} for id_ in migrations}
    for row in await cursor.fetchall():
        counts[row["migration_id"]][row["status"]] = row["cases"]
    return counts


async def count_reasons(connection: Connection, migration_id: UUID) -> list[dict[str, Any]]:
    """Return the reasons (`why`) for which cases were left alone, each with `cases` and some `examples`."""
    cursor = await connection.execute(
        "SELECT why, count(*) AS cases, (array_agg(case_id ORDER BY case_id))[1:3] AS examples"
        " FROM case_migrations WHERE migration_id = %s AND why IS NOT NULL GROUP BY why ORDER BY 2 DESC, why",
        (migration_id,),
    )
    return await cursor.fetchall()


async def list_migrated_cases(
    connection: Connection, migration_id: UUID, *, status: str | None, after: Position | None, limit: int
) -> list[MigratedCase]:
    """Return up to `limit` cases of a migration, those that changed last first."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(MigratedCase)) as cursor:
        await cursor.execute(
            f"SELECT {_CASE_COLUMNS} FROM case_migrations WHERE migration_id = %(migration)s"
            " AND (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(at)s::timestamptz IS NULL OR (changed_at, case_id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY changed_at DESC, case_id DESC LIMIT %(limit)s",
            {"migration": migration_id, "status": status, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def take_open_case(
    connection: Connection, processes: Iterable[Versioned]
) -> tuple[Migration, MigratedCase] | None:
    """Hold one case that waits to be moved to one of these versions, or back from any."""
    mine = Jsonb([(process.name, process.version) for process in processes])
    async with connection.cursor(row_factory=class_row(MigratedCase)) as cursor:
        await cursor.execute(
            f"SELECT {_CASE_COLUMNS} FROM case_migrations JOIN process_migrations ON id = migration_id"
            " WHERE status IN ('pending', 'undoing') AND (status = 'undoing'"
            " OR %s @> jsonb_build_array(jsonb_build_array(process, to_version)))"
            " ORDER BY migration_id, case_id LIMIT 1 FOR UPDATE OF case_migrations SKIP LOCKED",
            (mine,),
        )
        case = await cursor.fetchone()
    return (await get_migration(connection, case.migration_id), case) if case else None


async def record_move(
    connection: Connection,
    case: MigratedCase,
    *,
    status: str,
    before: str | None = None,
    after: str | None = None,
    reviews: Iterable[UUID] = (),
    tables: dict[str, str] | None = None,
    why: str | None = None,
) -> None:
    """Write what became of a case; a checkpoint or tables of None keep what was written before."""
    await connection.execute(
        "UPDATE case_migrations SET status = %s, before = COALESCE(%s, before), after = COALESCE(%s, after),"
        " reviews = reviews || %s::uuid[], tables = COALESCE(%s, tables), why = %s, changed_at = now()"
        " WHERE migration_id = %s AND case_id = %s",
        (
            status,
            before,
            after,
            list(reviews),
            None if tables is None else Jsonb(tables),
            why,
            case.migration_id,
            case.case_id,
        ),
    )


async def order_undo(connection: Connection, migration_id: UUID, *, actor: str) -> int:
    """Let every case that was moved be moved back, and drop what is still pending; return how many."""
    await connection.execute(
        "UPDATE case_migrations SET status = 'refused', why = 'the migration was undone', changed_at = now(),"
        " changed_by = %s WHERE migration_id = %s AND status = 'pending'",
        (actor, migration_id),
    )
    cursor = await connection.execute(
        "UPDATE case_migrations SET status = 'undoing', changed_at = now(), changed_by = %s"
        " WHERE migration_id = %s AND status = 'moved'",
        (actor, migration_id),
    )
    return cursor.rowcount
