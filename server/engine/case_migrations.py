"""Taking waiting cases from one version of their process to another, and back: each case whole or not at all.

An order is written at once; the workers of the new version carry it out, one transaction a case, so that one
that dies leaves nothing half done and any other goes on.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog

from server.engine.incidents import printable
from server.engine.migration_plan import Plan, check_plan
from server.engine.registry import Process, Registry
from server.engine.relocation import StaysAsItIs, find_movable, move_case, put_case_back
from server.errors import BadRequest, Conflict, NotPermitted, Unavailable
from server.failpoints import InjectedFault, pass_point
from server.identity.permissions import may
from server.storage.audit import append_entry
from server.storage.case_migrations import (
    MigratedCase,
    Migration,
    get_migration,
    insert_migration,
    list_waiting,
    order_undo,
    record_move,
    take_open_case,
)
from server.storage.cases import lock_case
from server.storage.database import Connection, Database

log = structlog.get_logger()


@dataclass(frozen=True)
class MigrationOrder:
    """The `limit` oldest cases that wait under one version are to go on under the one of this host.

    `to_version`, if stated, makes sure that it is the version which is meant.
    """

    from_version: str
    plan: Plan
    limit: int
    to_version: str | None = None


async def start_migration(
    database: Database, process: Process, order: MigrationOrder, *, reason: str, actor: str
) -> Migration:
    """Write the order; the workers of the version carry it out.

    Raises:
        NotPermitted: the actor may not.
        Conflict: this host has another version of the process than `to_version`.
        BadRequest: both versions are the same, or the plan names a step or a field that is not there.
    """
    _check_permission(actor, process.name)
    _check(process, order)
    async with database.transaction() as connection:
        id_ = await insert_migration(
            connection,
            process=process.name,
            from_version=order.from_version,
            to_version=process.version,
            plan=order.plan.model_dump(),
            reason=reason,
            actor=actor,
            limit=order.limit,
        )
        await append_entry(
            connection,
            actor,
            action="migration_started",
            object_=f"migration/{id_}",
            process=process.name,
            before=order.from_version,
            after=process.version,
            plan=order.plan.model_dump(),
            reason=reason,
        )
        return await get_migration(connection, id_)


def _check_permission(actor: str, process: str) -> None:
    if not may(actor, "migrate", f"process/{process}"):
        raise NotPermitted(f"{actor} may not migrate cases of {process}")


def _check(process: Process, order: MigrationOrder) -> None:
    """Accept an order from another version to the one that this host has."""
    if order.to_version not in (None, process.version):
        raise Conflict(f"this host has version {process.version} of {process.name}", field="to_version")
    if order.from_version == process.version:
        raise BadRequest("the cases are of this version already", field="from_version")
    check_plan(order.plan, process)


async def preview_migration(
    database: Database, process: Process, order: MigrationOrder
) -> dict[UUID, str | None]:
    """Say of each case that an order would be about why it would be refused, or None; nothing is changed.

    Raises:
        Conflict, BadRequest: as `start_migration`.
    """
    _check(process, order)
    version, plan = order.from_version, order.plan
    async with database.transaction() as connection:
        ids = await list_waiting(connection, process.name, version=version, limit=order.limit)
    found: dict[UUID, str | None] = {}
    for id_ in ids:
        async with database.transaction() as connection:
            case = await lock_case(connection, id_)
            try:
                await find_movable(connection, case, process=process, from_version=version, plan=plan)
            except StaysAsItIs as stays:
                found[id_] = stays.message
            else:
                found[id_] = None
    return found


async def undo_migration(database: Database, migration_id: UUID, *, reason: str, actor: str) -> Migration:
    """Order that every case which has not gone on since is put back to where it was before."""
    async with database.transaction() as connection:
        migration = await get_migration(connection, migration_id)
        _check_permission(actor, migration.process)
        cases = await order_undo(connection, migration_id, actor=actor)
        await append_entry(
            connection,
            actor,
            action="migration_undone",
            object_=f"migration/{migration_id}",
            process=migration.process,
            cases=cases,
            reason=reason,
        )
        return migration


async def carry_out(database: Database, registry: Registry) -> None:
    """Move every case whose order waits, and whose new version this host has, one after the other."""
    while True:
        async with database.transaction() as connection:
            taken = await take_open_case(connection, registry)
            if taken is None:
                return
            migration, moved = taken
            await _settle(connection, registry, migration=migration, moved=moved)
            pass_point("move_before_commit")
        pass_point("move_after_commit")


async def _settle(
    connection: Connection, registry: Registry, *, migration: Migration, moved: MigratedCase
) -> None:
    """Move or put back one case, or write why not. What nobody foresaw is written too, and stops no other."""
    is_undo = moved.status == "undoing"
    try:
        async with connection.transaction():
            case = await lock_case(connection, moved.case_id)
            if is_undo:
                await put_case_back(connection, case, migration=migration, moved=moved)
            else:
                process = registry.get(migration.process)
                await move_case(connection, case, process=process, migration=migration, moved=moved)
        return
    except StaysAsItIs as stays:
        why = printable(stays.message)
    except (InjectedFault, Unavailable):
        raise
    except Exception as error:
        log.exception("case_not_moved", case_id=str(moved.case_id))
        why = f"{type(error).__name__}: see the log of the worker"
    await record_move(connection, moved, status="kept" if is_undo else "refused", why=why)
