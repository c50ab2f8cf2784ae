"""Routes: list reviews, look at one, answer it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from server.engine.cases import answer_review
from server.http import examples, models
from server.http.context import Actor, HostPart, Limit, WaitS, Word
from server.http.problems import problem_responses
from server.http.standing import standing_of
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.reviews import get_review, list_reviews

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])


@router.get(
    "",
    response_model=models.Page[models.Review],
    responses={200: examples.response(examples.page(examples.REVIEW)), **problem_responses(422, 503)},
)
async def get_reviews(
    host: HostPart,
    status: models.ReviewStatus | None = "open",
    role: Word | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """List reviews, newest first; the open ones unless a status is given."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.transaction() as connection:
        rows = await list_reviews(connection, status=status, role=role, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].opened_at, page[-1].id)) if more else None}


@router.get(
    "/{id}",
    response_model=models.Review,
    responses={200: examples.response(examples.REVIEW), **problem_responses(404, 422, 503)},
)
async def get_one_review(host: HostPart, id: UUID) -> Any:  # noqa: A002  the path says {id}
    """Show a review with its question, evidence and form."""
    async with host.database.transaction() as connection:
        return await get_review(connection, id)


@router.post(
    "/{id}/answer",
    response_model=models.AnsweredReview,
    responses={
        200: examples.response(examples.ANSWERED_REVIEW),
        **problem_responses(404, 409, 413, 422, 503),
    },
    openapi_extra={"requestBody": examples.ANSWER_BODY},
)
async def post_answer(
    host: HostPart,
    actor: Actor,
    id: UUID,  # noqa: A002
    body: models.Answer,
    wait_s: WaitS = 0,
) -> Any:
    """Answer a review. The first valid answer counts; everybody else gets 409 with the winner's name.

    With `wait_s` the response also says where the case stands once it has come to rest again.
    """
    limits = host.registry.limits
    review = await answer_review(host.database, id, answer=body.answer, actor=actor, limits=limits)
    if not wait_s:
        return {**vars(review), "case": None}
    case = await host.watch.wait(review.case_id, timeout_s=wait_s)
    return {**vars(review), "case": await standing_of(host, case, wait_s=0)}
