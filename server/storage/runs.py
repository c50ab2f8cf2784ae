"""Runs: written, claimed, ended, taken over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from server.errors import AttemptSuperseded
from server.storage.admission import CHANNEL, admit_cases
from server.storage.database import Connection
from server.storage.workers import LEASE_S, LOCK_CLASS

QUEUE_CHANNEL = "steward_queue"  # told by the database when a run becomes ready

_LOST = """
    SELECT id, worker FROM runs
    WHERE status = 'running' AND NOT EXISTS (
        SELECT 1 FROM pg_locks JOIN workers ON workers.id::oid = objid
        WHERE locktype = 'advisory' AND granted AND classid = %(class)s::oid AND workers.id = runs.worker
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND workers.seen_at > now() - make_interval(secs => %(lease)s))
"""
_PEEK = """
    SELECT id, suspect FROM unnest(%(queues)s::text[]) AS given (name) CROSS JOIN LATERAL (
        SELECT id, suspect, priority, admitted_at FROM runs
        WHERE status = 'ready' AND queue = given.name AND id <> ALL(%(except_)s)
        ORDER BY priority DESC, admitted_at LIMIT %(limit)s) AS ready
    ORDER BY priority DESC, admitted_at LIMIT %(limit)s
"""
# Ready at once, if `_ADMIT_CASES` of `server.storage.admission` would admit it; else it waits to be admitted.
_ENQUEUE = f"""
    WITH found AS (
        SELECT id, process, tenant, priority, due_at,
            due_at <= now() AND status IN ('running', 'waiting')
            AND find_stop(process, tenant, NULL) IS NULL
            AND NOT EXISTS (SELECT FROM limits_of(process, tenant))
            AND NOT EXISTS (
                SELECT FROM runs AS other WHERE other.case_id = cases.id AND (
                    other.status IN ('ready', 'running')
                    OR other.status = 'waiting' AND other.due_at <= now())) AS is_free
        FROM cases CROSS JOIN (SELECT COALESCE(%(due_at)s::timestamptz, now()) AS due_at) AS given
        WHERE id = %(case)s),
    written AS (
        INSERT INTO runs
            (id, case_id, process, tenant, priority, kind, resume, due_at, status, admitted_at)
        SELECT %(id)s, id, process, tenant, priority, %(kind)s, %(resume)s, due_at,
            CASE WHEN is_free THEN 'ready' ELSE 'waiting' END, CASE WHEN is_free THEN now() END
        FROM found RETURNING status)
    SELECT pg_notify('{CHANNEL}', '') FROM written WHERE status = 'waiting'
"""


@dataclass(frozen=True)
class Claim:
    """A run that this worker owns, as attempt number `attempt` of its case.

    A run is fresh if nobody has begun it before, and its case stands where the last run left it. `tables` are
    the digests of the tables that the case decides by, by table. `started_by` is who started the case.
    """

    run_id: UUID
    case_id: UUID
    kind: str
    process: str
    version: str
    attempt: int
    fresh: bool
    worker: int
    input: dict[str, Any]
    resume: dict[str, Any] | None
    tables: dict[str, str]
    started_by: str


async def enqueue_run(
    connection: Connection,
    case_id: UUID,
    *,
    kind: str,
    resume: dict[str, Any] | None = None,
    due_at: datetime | None = None,
) -> UUID:
    """Write a run in the caller's transaction, and put it into the queue if nothing holds it back.

    It waits while the case has another run under way, until `due_at`, or for a place under a limit. The
    caller holds the case's row. `resume` maps an interrupt's id to its answer.
    """
    run_id = uuid4()
    await connection.execute(
        _ENQUEUE,
        {"id": run_id, "case": case_id, "kind": kind, "resume": resume and Jsonb(resume), "due_at": due_at},
    )
    return run_id


async def enqueue_resumes(connection: Connection, resumes: dict[UUID, dict[str, Any]]) -> None:
    """Write a run for each of these waiting cases, which the caller has locked, with its answers."""
    await connection.execute(
        "INSERT INTO runs (id, case_id, process, tenant, priority, kind, resume, status)"
        " SELECT gen_random_uuid(), id, process, tenant, priority, 'resume', given.resume, 'waiting'"
        " FROM unnest(%s::uuid[], %s::jsonb[]) AS given (case_id, resume) JOIN cases ON id = given.case_id",
        (list(resumes), [Jsonb(resume) for resume in resumes.values()]),
    )
    await admit_cases(connection, list(resumes))
    await connection.execute(
        "UPDATE cases SET status = 'running', updated_at = now() WHERE id = ANY(%s)", (list(resumes),)
    )


@dataclass(frozen=True)
class Ready:
    """A run in the queue. A suspect is one that workers have died over."""

    id: UUID
    suspect: bool


async def ready_runs(
    connection: Connection,
    *,
    queues: list[str],
    limit: int,
    except_: Collection[UUID] = (),
) -> list[Ready]:
    """Return the first runs in these queues. Another worker may see the same ones: the claim decides."""
    async with connection.cursor(row_factory=class_row(Ready)) as cursor:
        await cursor.execute(_PEEK, {"queues": queues, "limit": limit, "except_": list(except_)})
        return await cursor.fetchall()


async def claim_run(connection: Connection, run_id: UUID, *, worker: int) -> Claim | None:
    """Take a ready run out of the queue and raise its case's attempt, which shuts out every earlier one.

    Returns None when the run is not ready, for another worker has it or it has ended, and when its case is
    suspended or stopped. The case is locked before its run, in the order of everybody who moves a case.
    """
    async with connection.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(
            "WITH target AS (SELECT cases.id, kind <> 'retry' AND started_at IS NULL AS fresh"
            " FROM cases JOIN runs ON runs.case_id = cases.id"
            " WHERE runs.id = %(run)s AND runs.status = 'ready' AND cases.status <> 'suspended'"
            " AND find_stop(cases.process, cases.tenant, held_by) IS NULL FOR UPDATE OF cases),"
            " run AS (UPDATE runs SET status = 'running', worker = %(worker)s, started_at = now() FROM target"
            " WHERE runs.id = %(run)s AND case_id = target.id AND status = 'ready'"
            " RETURNING runs.id, case_id, kind, fresh, worker, resume)"
            " UPDATE cases SET attempt = attempt + 1, status = 'running', updated_at = now()"
            " FROM run WHERE cases.id = run.case_id"
            " RETURNING run.id AS run_id, case_id, kind, process, version, attempt, fresh, worker, input,"
            " resume, tables, started_by",
            {"run": run_id, "worker": worker},
        )
        return await cursor.fetchone()


async def assert_current(connection: Connection, claim: Claim) -> None:
    """Let the caller's transaction go on only if the attempt owns its case until the commit.

    Raises:
        AttemptSuperseded: (through `Database.transaction`) it does not.
    """
    await connection.execute("SELECT assert_attempt(%s, %s)", (claim.case_id, claim.attempt))


async def shut_out(connection: Connection, claim: Claim) -> None:
    """Let the attempt write nothing more, although nobody has taken its case over."""
    await connection.execute("UPDATE cases SET attempt = attempt + 1 WHERE id = %s", (claim.case_id,))


async def fail_run(connection: Connection, claim: Claim) -> None:
    """Write that a run failed.

    Raises:
        AttemptSuperseded: the attempt does not own its case any more, or its run was put back into the queue:
            then the next claim ends it, and two ends would be told of one run.
    """
    await assert_current(connection, claim)
    cursor = await connection.execute(
        "UPDATE runs SET status = 'failed', ended_at = now() WHERE id = %s AND status = 'running'"
        " RETURNING (SELECT pg_notify(%s, '') FROM admission_limits WHERE concurrency > 0 LIMIT 1)",
        (claim.run_id, CHANNEL),
    )
    if not cursor.rowcount:
        raise put_back(claim)


def put_back(claim: Claim) -> AttemptSuperseded:
    """Return the error of an attempt whose run is in the queue again."""
    return AttemptSuperseded(f"run {claim.run_id} was put back while attempt {claim.attempt} was at its end")


async def cancel_waiting_runs(connection: Connection, case_id: UUID) -> None:
    """Drop the runs of a case that has reached its end."""
    await connection.execute(
        "UPDATE runs SET status = 'cancelled', ended_at = now() WHERE case_id = %s AND status = 'waiting'",
        (case_id,),
    )


async def requeue_run(connection: Connection, run_id: UUID, *, worker: int, suspect_from: int = 2) -> bool:
    """Put a run back into the queue, if it is still under way at this worker; say whether it was.

    After so many deaths of its workers in a row a run is suspected to be the cause.
    """
    cursor = await connection.execute(
        "UPDATE runs SET status = 'ready', worker = NULL, suspect = takeovers >= %s"
        " WHERE id = %s AND status = 'running' AND worker = %s",
        (suspect_from, run_id, worker),
    )
    return cursor.rowcount > 0


@dataclass(frozen=True)
class Deaths:
    """How many workers in a row died over a run without bringing its case further."""

    process: str
    takeovers: int


async def count_death(connection: Connection, run_id: UUID, *, worker: int) -> Deaths | None:
    """Count the death of a run's worker; None when the run is no longer under way at it."""
    async with connection.cursor(row_factory=class_row(Deaths)) as cursor:
        await cursor.execute(
            "UPDATE runs SET died_at = latest.id,"
            " takeovers = CASE WHEN died_at = latest.id THEN takeovers ELSE 0 END + 1"
            " FROM (SELECT COALESCE(max(checkpoint_id), '') AS id FROM checkpoints WHERE checkpoint_ns = ''"
            " AND thread_id = (SELECT case_id::text FROM runs WHERE id = %(run)s)) AS latest"
            " WHERE runs.id = %(run)s AND status = 'running' AND worker = %(worker)s"
            " RETURNING process, takeovers",
            {"run": run_id, "worker": worker},
        )
        return await cursor.fetchone()


async def fail_dead_run(connection: Connection, run_id: UUID) -> UUID:
    """End a run whose worker died, shut out what may be left of that worker, and return the run's case."""
    row = await (
        await connection.execute(
            "WITH run AS ("
            "UPDATE runs SET status = 'failed', ended_at = now() WHERE id = %s RETURNING case_id)"
            " UPDATE cases SET attempt = attempt + 1 FROM run WHERE cases.id = run.case_id RETURNING case_id",
            (run_id,),
        )
    ).fetchone()
    if row is None:
        raise AssertionError("a run that died has a case")
    case_id: UUID = row["case_id"]
    return case_id


async def move_run(connection: Connection, run_id: UUID) -> None:
    """Put a ready run into the queue of its case's present version."""
    await connection.execute("UPDATE runs SET status = 'ready' WHERE id = %s AND status = 'ready'", (run_id,))


async def abandon_run(connection: Connection, run_id: UUID) -> None:
    """End a ready run that nobody will begin; the caller holds the case."""
    await connection.execute(
        "UPDATE runs SET status = 'failed', ended_at = now() WHERE id = %s AND status = 'ready'", (run_id,)
    )


async def cancel_retry(connection: Connection, case_id: UUID) -> None:
    """Drop a run that was to repeat a step and that nobody has begun; the caller holds the case."""
    await connection.execute(
        "UPDATE runs SET status = 'cancelled', ended_at = now() WHERE case_id = %s"
        " AND kind = 'retry' AND status IN ('waiting', 'ready')",
        (case_id,),
    )


async def has_active_run(connection: Connection, case_id: UUID, *, claimed: bool = False) -> bool:
    """Say whether a run of the case is to come or under way; with `claimed`, whether a worker has it.

    It stays so until the commit if the caller's transaction holds the case.
    """
    cursor = await connection.execute(
        "SELECT FROM runs WHERE case_id = %s AND status IN ('waiting', 'ready', 'running')"
        " AND (NOT %s OR status = 'running') LIMIT 1",
        (case_id, claimed),
    )
    return await cursor.fetchone() is not None


async def stray_runs(connection: Connection, *, worker: int, executing: Collection[UUID]) -> list[UUID]:
    """List runs that stand as this worker's and that it is not executing.

    They are left when the database went away between a claim and its answer, or before an end was written.
    """
    cursor = await connection.execute(
        "SELECT id FROM runs WHERE status = 'running' AND worker = %s AND id <> ALL(%s)",
        (worker, list(executing)),
    )
    return [row["id"] for row in await cursor.fetchall()]


async def lost_runs(connection: Connection) -> list[tuple[UUID, int]]:
    """List runs whose worker died, each with that worker's number.

    A worker is dead when nobody holds its advisory lock, and as good as dead when its lease has run out;
    should it wake up, the fence stops it.
    """
    cursor = await connection.execute(_LOST, {"class": LOCK_CLASS, "lease": LEASE_S})
    return [(row["id"], row["worker"]) for row in await cursor.fetchall()]
