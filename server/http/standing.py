"""Where a case stands, told at once or when it has come to rest."""

from typing import Any

from server.http.context import Host
from server.storage.cases import Case
from server.storage.reviews import list_reviews

_MAX_REVIEWS = 200


async def standing_of(host: Host, case: Case, *, wait_s: float) -> dict[str, Any]:
    """Tell of the case and its open reviews; while it runs, wait up to `wait_s` for it to come to rest."""
    if wait_s and case.status == "running":
        case = await host.watch.wait(case.id, timeout_s=wait_s)
    if (case.status == "running" and case.attempt == 0) or case.ended_at is not None:
        return {**vars(case), "reviews": []}
    async with host.database.connection() as connection:
        reviews = await list_reviews(connection, case_id=case.id, status="open", limit=_MAX_REVIEWS)
    return {**vars(case), "reviews": reviews}
