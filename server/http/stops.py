"""Routes: the stop switch."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from server.engine.stops import Target, release, stop
from server.http import examples, intervention_examples, models
from server.http.context import Actor, HostPart, Limit
from server.http.intervention_models import AskRelease, AskStop, Stop
from server.http.problems import problem_responses
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.stops import list_stops

router = APIRouter(prefix="/v1/stops", tags=["stops"])


@router.get(
    "",
    response_model=models.Page[Stop],
    responses={
        200: examples.response(examples.page(intervention_examples.STOP)),
        **problem_responses(422, 503),
    },
)
async def get_stops(
    host: HostPart, released: bool = False, limit: Limit = 50, cursor: str | None = None
) -> Any:
    """List the stops in force, newest first, or those that were released."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_stops(connection, released=released, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].stopped_at, page[-1].id)) if more else None}


@router.post(
    "",
    status_code=201,
    response_model=Stop,
    responses={
        201: examples.response(intervention_examples.STOP),
        **problem_responses(403, 409, 422, 503),
    },
    openapi_extra={"requestBody": intervention_examples.STOP_BODY},
)
async def post_stop(host: HostPart, actor: Actor, body: AskStop) -> Any:
    """Stop what is named: no effect of it leaves any more, and its cases rest after their present step."""
    return await stop(
        host.database, host.registry, Target(body.scope, body.value), reason=body.reason, actor=actor
    )


@router.post(
    "/{id}/release",
    response_model=Stop,
    responses={
        200: examples.response(intervention_examples.RELEASED),
        **problem_responses(403, 404, 422, 503),
    },
    openapi_extra={"requestBody": intervention_examples.RELEASE_BODY},
)
async def post_release(host: HostPart, actor: Actor, id: UUID, body: AskRelease) -> Any:  # noqa: A002
    """Release a stop: what it held goes on by itself."""
    return await release(host.database, id, reason=body.reason, actor=actor)
