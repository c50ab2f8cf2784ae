"""Reviews: opened by an interrupt, answered once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import NotFound
from server.storage.database import Connection
from server.storage.pages import Position

_COLUMNS = (
    "reviews.id, case_id, process, title, interrupt_id, reviews.status, question, role, body, form, answer,"
    " answered_by, opened_at, answered_at"
)
_FROM = "FROM reviews JOIN cases ON cases.id = reviews.case_id"


@dataclass(frozen=True)
class Review:
    """A question to a person; `form` is the JSON Schema of its answer."""

    id: UUID
    case_id: UUID
    process: str
    title: str | None
    interrupt_id: str
    status: str
    question: str
    role: str | None
    body: dict[str, Any]
    form: dict[str, Any] | None
    answer: Any
    answered_by: str | None
    opened_at: datetime
    answered_at: datetime | None


async def get_review(connection: Connection, id_: UUID) -> Review:
    """Return the review.

    Raises:
        NotFound: there is none of this id.
    """
    async with connection.cursor(row_factory=class_row(Review)) as cursor:
        await cursor.execute(f"SELECT {_COLUMNS} {_FROM} WHERE reviews.id = %s", (id_,))
        if review := await cursor.fetchone():
            return review
    raise NotFound(f"there is no review {id_}")


async def list_reviews(
    connection: Connection,
    *,
    status: str | None = None,
    role: str | None = None,
    case_id: UUID | None = None,
    after: Position | None = None,
    limit: int,
) -> list[Review]:
    """Return up to `limit` reviews, newest first, that come after the position."""
    at, id_ = after or (None, None)
    async with connection.cursor(row_factory=class_row(Review)) as cursor:
        await cursor.execute(
            f"SELECT {_COLUMNS} {_FROM}"
            " WHERE (%(status)s::text IS NULL OR reviews.status = %(status)s)"
            " AND (%(role)s::text IS NULL OR role = %(role)s)"
            " AND (%(case)s::uuid IS NULL OR case_id = %(case)s)"
            " AND (%(at)s::timestamptz IS NULL OR (opened_at, reviews.id) < (%(at)s, %(id)s::uuid))"
            " ORDER BY opened_at DESC, reviews.id DESC LIMIT %(limit)s",
            {"status": status, "role": role, "case": case_id, "at": at, "id": id_, "limit": limit},
        )
        return await cursor.fetchall()


async def accept_answer(connection: Connection, review: Review, *, answer: Any, actor: str) -> Review | None:
    """Record the answer if the review is still open, and return it answered; None when another was first.

    It is one compare-and-set: of any number of answers at once, the database lets one through.
    """
    row = await (
        await connection.execute(
            "UPDATE reviews SET status = 'answered', answer = %s, answered_by = %s, answered_at = now()"
            " WHERE id = %s AND status = 'open' RETURNING status, answered_at",
            (Jsonb(answer), actor, review.id),
        )
    ).fetchone()
    return replace(review, answer=answer, answered_by=actor, **row) if row else None
