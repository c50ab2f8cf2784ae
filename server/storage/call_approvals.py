"""Answers about tool calls that need a review."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from server.storage.database import Connection


@dataclass(frozen=True)
class CallAnswer:
    """What somebody said of one call. `own` means that it was whoever started the case."""

    place: str
    server: str
    tool: str
    digest: str
    role: str
    decision: str
    comment: str
    answered_by: str
    own: bool


async def insert_call_answer(
    connection: Connection,
    case_id: UUID,
    *,
    review_id: UUID,
    place: str,
    server: str,
    tool: str,
    digest: str,
    role: str,
    decision: str,
    comment: str,
    actor: str,
) -> None:
    await connection.execute(
        "INSERT INTO call_approvals"
        " (case_id, review_id, place, server, tool, digest, role, decision, comment, answered_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (case_id, review_id, place, server, tool, digest, role, decision, comment, actor),
    )


async def list_call_answers(connection: Connection, case_id: UUID) -> list[CallAnswer]:
    """Return all answers about calls of the case, in the order in which they were given."""
    async with connection.cursor(row_factory=class_row(CallAnswer)) as cursor:
        await cursor.execute(
            "SELECT place, server, tool, digest, role, decision, comment, answered_by,"
            " answered_by = started_by AS own"
            " FROM call_approvals JOIN cases ON cases.id = case_id WHERE case_id = %s"
            " ORDER BY call_approvals.id",
            (case_id,),
        )
        return await cursor.fetchall()
