"""Routes: the cases that cannot go on by themselves, one by one and by cause."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from server.http import examples, models
from server.http.context import HostPart, Limit, Word
from server.http.problems import problem_responses
from server.storage.incidents import get_incident, list_groups, list_incidents
from server.storage.pages import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])


@router.get(
    "",
    response_model=models.Page[models.Incident],
    responses={200: examples.response(examples.page(examples.INCIDENT)), **problem_responses(422, 503)},
)
async def get_incidents(
    host: HostPart,
    status: models.IncidentStatus | None = "open",
    process: Word | None = None,
    group: Word | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """List incidents, newest first; the open ones unless a status is given."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_incidents(
            connection, status=status, process=process, group=group, after=after, limit=limit + 1
        )
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].opened_at, page[-1].id)) if more else None}


@router.get(
    "/groups",
    response_model=models.Page[models.IncidentGroup],
    responses={200: examples.response(examples.page(examples.INCIDENT_GROUP)), **problem_responses(422, 503)},
)
async def get_incident_groups(host: HostPart, process: Word | None = None, limit: Limit = 50) -> Any:
    """List the causes for which cases stand still, the most frequent first."""
    async with host.database.connection() as connection:
        return {"items": await list_groups(connection, process=process, limit=limit), "next": None}


@router.get(
    "/{id}",
    response_model=models.Incident,
    responses={200: examples.response(examples.INCIDENT), **problem_responses(404, 422, 503)},
)
async def get_one_incident(host: HostPart, id: UUID) -> Any:  # noqa: A002  the path says {id}
    """Show an incident."""
    async with host.database.connection() as connection:
        return await get_incident(connection, id)
