"""Routes: how much of the quotas is used."""

from typing import Any

from fastapi import APIRouter

from server.http import examples, models
from server.http.context import HostPart, Limit, Word
from server.http.problems import problem_responses
from server.http.quota_models import QuotaUse
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.quotas import list_uses

router = APIRouter(prefix="/v1/quotas", tags=["quotas"])


_EXAMPLE: dict[str, Any] = {
    "id": "7c0d3c54-52b1-4d5e-9d3b-2c9e6a1d2b77",
    "quota": "payments_per_supplier_and_day",
    "subject": {"supplier": "S-1003", "currency": "EUR"},
    "used": "4200.00",
    "in_flight": "0",
    "limit": "5000000.00",
    "window": "day",
    "ends_at": "2026-10-05T22:00:00Z",
    "changed_at": "2026-10-05T09:12:01Z",
}


@router.get(
    "",
    response_model=models.Page[QuotaUse],
    responses={200: examples.response(examples.page(_EXAMPLE)), **problem_responses(422, 503)},
)
async def get_quotas(
    host: HostPart, quota: Word | None = None, limit: Limit = 50, cursor: str | None = None
) -> Any:
    """List what is used of the quotas in windows that are not over, lately changed first."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_uses(connection, quota=quota, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [{**vars(use), "limit": host.quotas.limit_of(use)} for use in page],
        "next": encode_cursor((page[-1].changed_at, page[-1].id)) if more else None,
    }
