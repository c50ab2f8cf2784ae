"""A run that ends well: what the case waits for now, or that it has succeeded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from server.storage.admission import CHANNEL
from server.storage.database import Connection
from server.storage.notices import REST_NOTICE
from server.storage.runs import Claim, assert_current, put_back
from server.storage.timers import WAIT


@dataclass(frozen=True)
class Question:
    """What an interrupt asks of a person; `form` is the JSON Schema of the answer."""

    interrupt_id: str
    question: str
    role: str | None
    body: dict[str, Any]
    form: dict[str, Any] | None


# A question that was answered in vain, because the step refused the answer, is opened again; not one whose
# answer still waits for its run. A suspended case stays so until it is resumed or has ended.
_RECORD = f"""
WITH run AS (
    UPDATE runs SET status = %(run_status)s, ended_at = now() WHERE id = %(run)s AND status = 'running'
    RETURNING case_id
), opened AS (
    INSERT INTO reviews (id, case_id, interrupt_id, question, role, body, form)
    SELECT gen_random_uuid(), case_id, given.* FROM run, unnest(
        %(interrupts)s::text[], %(questions)s::text[], %(roles)s::text[], %(bodies)s::jsonb[],
        %(forms)s::jsonb[]) AS given
    ON CONFLICT (case_id, interrupt_id) DO UPDATE
    SET status = 'open', answer = NULL, answered_by = NULL, answered_at = NULL, question = excluded.question,
    role = excluded.role, body = excluded.body, form = excluded.form
    WHERE reviews.status <> 'open' AND NOT EXISTS (
        SELECT FROM runs WHERE status = 'waiting' AND runs.case_id = reviews.case_id
        AND jsonb_exists(resume, reviews.interrupt_id))
    RETURNING id, case_id, role
), waits AS (
    UPDATE timers SET status = 'cancelled', ended_at = now() FROM run
    WHERE timers.case_id = run.case_id AND kind = '{WAIT}' AND status = 'set' AND key <> ALL(%(waits)s)
), moved AS (
    UPDATE cases SET status = CASE WHEN status = 'suspended' AND %(status)s = 'waiting' THEN status
        ELSE %(status)s END,
    title = COALESCE(%(title)s, title), result = COALESCE(%(result)s, result), error = NULL,
    updated_at = now(), ended_at = CASE WHEN %(status)s = 'succeeded' THEN now() END
    FROM run WHERE cases.id = case_id RETURNING cases.id
), audited AS (
    INSERT INTO audit_entries (actor, action, object, case_id, detail)
    SELECT %(actor)s, 'review_opened', 'review/' || id, case_id, jsonb_build_object('role', role) FROM opened
    UNION ALL SELECT %(actor)s, 'case_' || %(status)s, 'case/' || id, id, '{{}}' FROM moved
)
SELECT {REST_NOTICE} AS heard,
    (SELECT pg_notify('{CHANNEL}', '') FROM admission_limits WHERE concurrency > 0 LIMIT 1) AS told,
    EXISTS (SELECT FROM runs WHERE runs.case_id = moved.id AND status = 'waiting') AS more
FROM moved
"""


async def record_rest(
    connection: Connection,
    claim: Claim,
    *,
    actor: str,
    questions: Sequence[Question],
    waits: Collection[str],
    title: str | None,
    result: str | None,
) -> bool:
    """Write the end of a run and what its case waits for, and say whether another run of the case waits.

    Waits of the case other than these keys are cancelled. A title or result of None keeps the one it has.
    The commit wakes those who wait for the case to rest.

    Raises:
        AttemptSuperseded: the attempt does not own its case any more, or its run was put back into the queue:
            then the next claim ends it, and two ends would be told of one run.
    """
    at_rest = bool(questions or waits)
    await assert_current(connection, claim)  # by itself, so that what follows sees every run enqueued before
    cursor = await connection.execute(
        _RECORD,
        {
            "run": claim.run_id,
            "run_status": "interrupted" if at_rest else "succeeded",
            "status": "waiting" if at_rest else "succeeded",
            "actor": actor,
            "interrupts": [one.interrupt_id for one in questions],
            "questions": [one.question for one in questions],
            "roles": [one.role for one in questions],
            "bodies": [Jsonb(one.body) for one in questions],
            "forms": [one.form and Jsonb(one.form) for one in questions],
            "waits": list(waits),
            "title": title,
            "result": result,
        },
    )
    row = await cursor.fetchone()
    if row is None:
        raise put_back(claim)
    return bool(row["more"])
