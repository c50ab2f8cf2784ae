"""Runs and their queue jobs: admission, claim, end, take-over."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import CaseNotWaiting
from server.storage.database import Connection
from server.storage.workers import LEASE_S, LOCK_CLASS

TASK = "run"

_LOST = """
    SELECT runs.id, job_id FROM runs
    WHERE status = 'running' AND NOT EXISTS (
        SELECT 1 FROM pg_locks JOIN workers ON workers.id::oid = objid
        WHERE locktype = 'advisory' AND granted AND classid = %(class)s::oid AND workers.id = runs.worker
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND workers.seen_at > now() - make_interval(secs => %(lease)s))
    UNION ALL
    SELECT runs.id, job_id FROM runs LEFT JOIN procrastinate_jobs AS jobs ON jobs.id = runs.job_id
    WHERE runs.status = 'ready' AND (jobs.id IS NULL OR jobs.status <> 'todo') AND NOT EXISTS (
        SELECT 1 FROM procrastinate_events AS events
        WHERE events.job_id = jobs.id AND events.at > now() - make_interval(secs => %(stuck)s))
"""


@dataclass(frozen=True)
class Claim:
    """A run that this worker owns, as attempt number `attempt` of its case."""

    run_id: UUID
    case_id: UUID
    process: str
    version: str
    attempt: int
    job_id: int
    input: dict[str, Any]
    resume: dict[str, Any] | None


async def enqueue_run(
    connection: Connection, case_id: UUID, *, kind: str, resume: dict[str, Any] | None = None
) -> UUID:
    """Write a run and its queue job in the caller's transaction.

    `resume` maps an interrupt's id to its answer.

    Raises:
        CaseNotWaiting: the case has an active run already.
    """
    run_id = uuid4()
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO runs (id, case_id, kind, resume) VALUES (%s, %s, %s, %s)",
                (run_id, case_id, kind, resume and Jsonb(resume)),
            )
    except UniqueViolation as error:
        raise CaseNotWaiting(f"case {case_id} has an active run") from error
    await _enqueue_jobs(connection, [run_id])
    return run_id


async def enqueue_resumes(connection: Connection, resumes: dict[UUID, dict[str, Any]]) -> None:
    """Enqueue a run for each of these waiting cases, which the caller has locked, with its answers."""
    rows = await (
        await connection.execute(
            "INSERT INTO runs (id, case_id, kind, resume) SELECT gen_random_uuid(), given.case_id, 'resume',"
            " given.resume FROM unnest(%s::uuid[], %s::jsonb[]) AS given (case_id, resume) RETURNING id",
            (list(resumes), [Jsonb(resume) for resume in resumes.values()]),
        )
    ).fetchall()
    await _enqueue_jobs(connection, [row["id"] for row in rows])
    await connection.execute(
        "UPDATE cases SET status = 'running', updated_at = now() WHERE id = ANY(%s)", (list(resumes),)
    )


async def _enqueue_jobs(connection: Connection, run_ids: list[UUID]) -> None:
    # No Procrastinate lock: the partial unique index admits one run a case, and a lock left by a dead worker,
    # or one not yet released when the answer comes, would make the next job wait for a poll.
    await connection.execute(
        "UPDATE runs SET job_id = (procrastinate_defer_jobs_v1(ARRAY["
        "ROW(run_queue(process, version), %s, 0, NULL, NULL, jsonb_build_object('run_id', runs.id), NULL)"
        "::procrastinate_job_to_defer_v1]))[1]"
        " FROM cases WHERE runs.id = ANY(%s) AND cases.id = runs.case_id",
        (TASK, run_ids),
    )


async def claim_run(connection: Connection, run_id: UUID, *, worker: int) -> Claim | None:
    """Take a ready run and raise its case's attempt, which shuts out every earlier attempt.

    Returns None when the run is not ready: another worker has it, or it has ended.
    """
    async with connection.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(
            "WITH run AS (UPDATE runs SET status = 'running', worker = %s, started_at = now()"
            " WHERE id = %s AND status = 'ready' RETURNING id, case_id, job_id, resume)"
            " UPDATE cases SET attempt = attempt + 1, status = 'running', updated_at = now()"
            " FROM run WHERE cases.id = run.case_id"
            " RETURNING run.id AS run_id, case_id, process, version, attempt, job_id, input, resume",
            (worker, run_id),
        )
        return await cursor.fetchone()


async def assert_current(connection: Connection, claim: Claim) -> None:
    """Let the caller's transaction go on only if the attempt owns its case until the commit.

    Raises:
        AttemptSuperseded: (through `Database.transaction`) it does not.
    """
    await connection.execute("SELECT assert_attempt(%s, %s)", (claim.case_id, claim.attempt))


async def end_run(connection: Connection, claim: Claim, *, status: str) -> None:
    """Write the end of a run, if its attempt still owns the case.

    Raises:
        AttemptSuperseded: (through `Database.transaction`) it does not.
    """
    await assert_current(connection, claim)
    await connection.execute(
        "UPDATE runs SET status = %s, ended_at = now() WHERE id = %s AND status = 'running'",
        (status, claim.run_id),
    )


async def requeue_run(connection: Connection, run_id: UUID, *, job_id: int | None, lost: bool) -> bool:
    """Put a run back into the queue under a new job, if `job_id` is still its job; say whether it was.

    `lost` counts it as a take-over from a worker that died. The old job is left to its worker, which deletes
    it, or to `delete_orphan_jobs`.
    """
    cursor = await connection.execute(
        "UPDATE runs SET status = 'ready', worker = NULL, takeovers = takeovers + %s"
        " WHERE id = %s AND status IN ('ready', 'running') AND job_id IS NOT DISTINCT FROM %s",
        (int(lost), run_id, job_id),
    )
    if cursor.rowcount == 0:
        return False
    await _enqueue_jobs(connection, [run_id])
    return True


async def move_run(connection: Connection, run_id: UUID, *, job_id: int | None) -> None:
    """Give a ready run a job in the queue of its case's present version, instead of the one that it has."""
    await connection.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'todo'", (job_id,))
    await _enqueue_jobs(connection, [run_id])


async def abandon_run(connection: Connection, run_id: UUID, *, job_id: int | None) -> None:
    """End a ready run that nobody will begin, and delete its job; the caller holds the case."""
    await connection.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'todo'", (job_id,))
    await connection.execute(
        "UPDATE runs SET status = 'failed', ended_at = now() WHERE id = %s AND status = 'ready'", (run_id,)
    )


async def stray_runs(connection: Connection, *, worker: int, executing: set[UUID]) -> list[tuple[UUID, int]]:
    """List runs, each with its job, that stand as this worker's and that it is not executing.

    They are left when the database went away between a claim and its answer, or before an end was written.
    """
    cursor = await connection.execute(
        "SELECT id, job_id FROM runs WHERE status = 'running' AND worker = %s AND id <> ALL(%s)",
        (worker, list(executing)),
    )
    return [(row["id"], row["job_id"]) for row in await cursor.fetchall()]


async def lost_runs(connection: Connection, *, stuck_s: int = 5) -> list[tuple[UUID, int]]:
    """List runs, each with its job, whose worker died while it ran them or before it claimed them.

    A worker is dead when nobody holds its advisory lock, and as good as dead when its lease has run out;
    should it wake up, the fence stops it. A run is lost too when its job was fetched `stuck_s` seconds
    ago and nobody claimed it; should that worker live after all, the claim admits one of the two.
    """
    rows = await (
        await connection.execute(_LOST, {"class": LOCK_CLASS, "lease": LEASE_S, "stuck": stuck_s})
    ).fetchall()
    return [(row["id"], row["job_id"]) for row in rows]


async def delete_orphan_jobs(connection: Connection, *, older_s: int = 60) -> None:
    """Delete jobs that a dead worker left as being done although their run has ended."""
    await connection.execute(
        "DELETE FROM procrastinate_jobs AS jobs WHERE status = 'doing' AND task_name = %s AND NOT EXISTS ("
        " SELECT 1 FROM runs WHERE runs.job_id = jobs.id AND runs.status IN ('ready', 'running'))"
        " AND NOT EXISTS (SELECT 1 FROM procrastinate_events AS events WHERE events.job_id = jobs.id"
        " AND events.at > now() - make_interval(secs => %s))",
        (TASK, older_s),
    )
