"""Schedules as people keep them: made, changed, deleted, each with its audit entry."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from server.engine.cases import check_input
from server.engine.cron import Cron
from server.engine.registry import Registry
from server.errors import BadRequest, NotFound
from server.storage.audit import append_entry
from server.storage.database import Connection, Database
from server.storage.schedules import (
    Plan,
    Schedule,
    delete_schedule,
    get_now,
    get_schedule,
    insert_schedule,
    update_schedule,
)


async def create_schedule(
    database: Database, registry: Registry, *, name: str, plan: Plan, actor: str
) -> Schedule:
    """Keep a plan under a new name. Its first moment is the next one from now.

    Raises:
        BadRequest: naming the part of the plan that cannot be used.
        Conflict: there is a schedule of this name.
    """
    cron = _checked(plan, registry)
    async with database.transaction() as connection:
        next_at = await _next_at(connection, cron, after=None) if plan.enabled else None
        schedule = await insert_schedule(connection, name, plan=plan, next_at=next_at, actor=actor)
        await _note(
            connection, schedule, action="schedule_created", actor=actor, cron=plan.cron, zone=plan.zone
        )
        return schedule


async def change_schedule(
    database: Database, registry: Registry, id_: UUID, *, changes: dict[str, Any], actor: str
) -> Schedule:
    """Change parts of a plan. One that is enabled again starts from now: what was in between is no moment.

    Raises:
        NotFound: there is no such schedule.
        BadRequest: naming the part of the plan that cannot be used.
    """
    async with database.transaction() as connection:
        schedule = await get_schedule(connection, id_, lock=True)
        plan = replace(_plan_of(schedule), **changes)
        cron = _checked(plan, registry)
        next_at = schedule.next_at if plan.enabled else None
        if plan.enabled and (next_at is None or changes.keys() & {"cron", "zone"}):
            next_at = await _next_at(connection, cron, after=schedule.last_at)
        changed = await update_schedule(connection, id_, plan=plan, next_at=next_at)
        await _note(connection, schedule, action="schedule_changed", actor=actor, **changes)
        return changed


async def remove_schedule(database: Database, id_: UUID, *, actor: str) -> None:
    """Delete a schedule. The cases that it started go on.

    Raises:
        NotFound: there is no such schedule.
    """
    async with database.transaction() as connection:
        schedule = await get_schedule(connection, id_, lock=True)
        await delete_schedule(connection, id_)
        await _note(connection, schedule, action="schedule_deleted", actor=actor)


def _checked(plan: Plan, registry: Registry) -> Cron:
    try:
        process = registry.get(plan.process)
    except NotFound as error:
        raise BadRequest(error.message, field="process") from error
    check_input(process, plan.input)
    return Cron(plan.cron, plan.zone)


async def _next_at(connection: Connection, cron: Cron, *, after: datetime | None) -> datetime:
    now = await get_now(connection)
    return next(cron.after(max(now, after or now)))


def _plan_of(schedule: Schedule) -> Plan:
    return Plan(**{field.name: getattr(schedule, field.name) for field in fields(Plan)})


async def _note(
    connection: Connection, schedule: Schedule, *, action: str, actor: str, **detail: Any
) -> None:
    await append_entry(
        connection, actor, action=action, object_=f"schedule/{schedule.id}", name=schedule.name, **detail
    )
