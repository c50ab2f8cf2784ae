"""Routes: schedules, which start cases by themselves."""

from itertools import islice
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from server.engine.cron import Cron
from server.engine.schedules import change_schedule, create_schedule, remove_schedule
from server.http import examples, models
from server.http.context import Actor, HostPart, Limit, Word
from server.http.problems import problem_responses
from server.http.schedule_models import NewSchedule, Schedule, ScheduleChange, ScheduleDetail
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.schedules import Plan, get_schedule, list_firings, list_schedules

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])

_FIRINGS = 50
_UPCOMING = 5


@router.get(
    "",
    response_model=models.Page[Schedule],
    responses={200: examples.response(examples.page(examples.SCHEDULE)), **problem_responses(422, 503)},
)
async def get_schedules(
    host: HostPart, process: Word | None = None, limit: Limit = 50, cursor: str | None = None
) -> Any:
    """List schedules, newest first."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_schedules(connection, process=process, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].created_at, page[-1].id)) if more else None}


@router.post(
    "",
    status_code=201,
    response_model=Schedule,
    responses={
        201: examples.response(examples.SCHEDULE, headers={"Location": "where the schedule is"}),
        **problem_responses(409, 422, 503),
    },
    openapi_extra={"requestBody": examples.SCHEDULE_BODY},
)
async def post_schedule(host: HostPart, actor: Actor, response: Response, body: NewSchedule) -> Any:
    """Make a schedule; it starts its first case at the next moment of its cron line."""
    plan = Plan(**body.model_dump(exclude={"name"}))
    schedule = await create_schedule(host.database, host.registry, name=body.name, plan=plan, actor=actor)
    response.headers["Location"] = f"/v1/schedules/{schedule.id}"
    return schedule


@router.get(
    "/{id}",
    response_model=ScheduleDetail,
    responses={200: examples.response(examples.SCHEDULE_DETAIL), **problem_responses(404, 422, 503)},
)
async def get_one_schedule(host: HostPart, id: UUID) -> Any:  # noqa: A002  the path says {id}
    """Show a schedule with its next moments and what became of the last ones."""
    async with host.database.connection() as connection:
        schedule = await get_schedule(connection, id)
        firings = await list_firings(connection, id, limit=_FIRINGS)
    shown = Schedule.model_validate(schedule)
    upcoming = []
    if shown.next_at is not None:
        later = islice(Cron(shown.cron, shown.zone).after(shown.next_at), _UPCOMING - 1)
        upcoming = [shown.next_at, *later]
    return {**shown.model_dump(), "upcoming": upcoming, "firings": firings}


@router.patch(
    "/{id}",
    response_model=Schedule,
    responses={200: examples.response(examples.SCHEDULE), **problem_responses(404, 422, 503)},
    openapi_extra={"requestBody": examples.SCHEDULE_CHANGE_BODY},
)
async def patch_schedule(host: HostPart, actor: Actor, id: UUID, body: ScheduleChange) -> Any:  # noqa: A002
    """Change a schedule. Enabled again, it starts from now; what was in between is left out."""
    changes = body.model_dump(exclude_none=True)
    return await change_schedule(host.database, host.registry, id, changes=changes, actor=actor)


@router.delete("/{id}", status_code=204, responses=problem_responses(404, 422, 503))
async def delete_schedule(host: HostPart, actor: Actor, id: UUID) -> None:  # noqa: A002
    """Delete a schedule. The cases that it started go on."""
    await remove_schedule(host.database, id, actor=actor)
