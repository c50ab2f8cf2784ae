"""Admission: which waiting run enters the queue, and when.

A run is admitted when its time has come, its case is free and may go on, and its process and tenant have a
place left. Where no limit is set, the transaction that writes the run admits it too. What has to wait is
worked off by `admit_due`, in one process at a time.
"""

from dataclasses import astuple, dataclass
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow, class_row

from server.storage.database import Connection

CHANNEL = "steward_admission"  # told when a place may have become free, or a run waits for one
BATCH = 500

_LOCK = 0x57AD317

_ADMIT = """
    ready AS (
        UPDATE runs SET status = 'ready', admitted_at = now()
        FROM picked WHERE runs.id = picked.id AND runs.status = 'waiting' RETURNING 1)
"""
# Due, the first of its case, under no stop, and the case is free and neither held nor at its end.
_ELIGIBLE = """
    runs.status = 'waiting' AND runs.due_at <= now()
    AND EXISTS (SELECT 1 FROM cases WHERE cases.id = runs.case_id AND cases.status IN ('running', 'waiting'))
    AND find_stop(runs.process, runs.tenant, runs.held_by) IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM runs AS other WHERE other.case_id = runs.case_id AND (
            other.status IN ('ready', 'running')
            OR other.status = 'waiting' AND other.due_at <= now()
            AND (-other.priority, other.created_at, other.id) < (-runs.priority, runs.created_at, runs.id)))
"""
_ADMIT_CASES = f"""
    WITH picked AS (
        SELECT id FROM runs WHERE case_id = ANY(%(cases)s) AND {_ELIGIBLE}
        AND NOT EXISTS (SELECT 1 FROM limits_of(runs.process, runs.tenant))),
    {_ADMIT}
    SELECT count(*) AS admitted,
        CASE WHEN count(*) < %(wanted)s THEN pg_notify(%(channel)s, '')::text END AS told
    FROM ready
"""
# A limit on starts in a minute holds back starts only: what was begun goes on.
_ADMIT_PAIR = f"""
    WITH starts AS (
        SELECT id, priority, created_at FROM runs
        WHERE process = %(process)s AND tenant = %(tenant)s AND kind = 'start' AND {_ELIGIBLE}
        ORDER BY priority DESC, created_at LIMIT %(starts)s),
    others AS (
        SELECT id, priority, created_at FROM runs
        WHERE process = %(process)s AND tenant = %(tenant)s AND kind <> 'start' AND {_ELIGIBLE}
        ORDER BY priority DESC, created_at LIMIT %(runs)s),
    picked AS (
        SELECT * FROM (SELECT * FROM starts UNION ALL SELECT * FROM others) AS either
        ORDER BY priority DESC, created_at LIMIT %(runs)s),
    {_ADMIT}
    SELECT 1 FROM ready
"""
_ACTIVE = "status IN ('ready', 'running')"
_STARTED = "kind = 'start' AND admitted_at > now() - interval '1 minute'"
_PLACES = f"""
    SELECT GREATEST(0, LEAST(%(batch)s, MIN(concurrency - active))) AS runs,
           GREATEST(0, LEAST(%(batch)s, MIN(starts_per_minute - started))) AS starts
    FROM limits_of(%(process)s, %(tenant)s) AS limits CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE {_ACTIVE}) AS active, count(*) FILTER (WHERE {_STARTED}) AS started
        FROM runs WHERE ({_ACTIVE} OR {_STARTED})
        AND CASE limits.scope WHEN 'process' THEN process = %(process)s ELSE tenant = %(tenant)s END) AS used
"""
# The pair with the fewest runs under way comes first: a flood of one tenant does not hold up the others.
_PAIRS = f"""
    SELECT process, tenant
    FROM (SELECT DISTINCT process, tenant FROM runs WHERE status = 'waiting') AS waiting
    ORDER BY (SELECT count(*) FROM runs WHERE {_ACTIVE}
        AND (runs.process, runs.tenant) = (waiting.process, waiting.tenant)), process, tenant
"""


@dataclass(frozen=True)
class AdmissionLimit:
    """What one process or tenant may have under way at once and start in a minute; None is no limit."""

    scope: str
    name: str
    concurrency: int | None
    starts_per_minute: int | None


@dataclass(frozen=True)
class _Places:
    runs: int
    starts: int


async def set_limits(connection: Connection, limits: list[AdmissionLimit]) -> None:
    """Make these the limits of every host on this database."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE admission_limits IN SHARE ROW EXCLUSIVE MODE")
        await connection.execute("DELETE FROM admission_limits")
        for limit in limits:
            await connection.execute("INSERT INTO admission_limits VALUES (%s, %s, %s, %s)", astuple(limit))


async def admit_cases(connection: Connection, case_ids: list[UUID]) -> AsyncCursor[DictRow]:
    """Admit the next run of each of these cases that nothing holds back; the one row says how many.

    The caller's transaction holds the cases' rows, so that nobody else admits another of their runs.
    """
    admitting = {"cases": case_ids, "wanted": len(case_ids), "channel": CHANNEL}
    return await connection.execute(_ADMIT_CASES, admitting)


async def admit_next(connection: Connection, case_id: UUID) -> bool:
    """Admit the next run of the case, which the caller's transaction holds; say whether there was one."""
    row = await (await admit_cases(connection, [case_id])).fetchone()
    return bool(row and row["admitted"])


async def admit_due(connection: Connection) -> int:
    """Admit what is due and has a place, up to `BATCH` runs of each process and tenant; say how many.

    Several hosts may call it at once: they wait for each other.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    pairs = await (await connection.execute(_PAIRS)).fetchall()
    return sum(
        [await _admit_pair(connection, process=pair["process"], tenant=pair["tenant"]) for pair in pairs]
    )


async def _admit_pair(connection: Connection, *, process: str, tenant: str) -> int:
    pair = {"process": process, "tenant": tenant, "batch": BATCH}
    async with connection.cursor(row_factory=class_row(_Places)) as cursor:
        await cursor.execute(_PLACES, pair)
        places = await cursor.fetchone()
    if places is None:
        raise AssertionError("an aggregate gives a row")
    chosen = pair | {"runs": places.runs, "starts": places.starts}
    try:
        async with connection.transaction():
            return (await connection.execute(_ADMIT_PAIR, chosen)).rowcount
    except UniqueViolation:
        return 0  # a run was admitted to one of these cases since we looked; the next look sees it


async def count_queue(connection: Connection, *, process: str, most: int) -> int:
    """Count the process's runs that nobody works on yet, up to `most`."""
    row = await (
        await connection.execute(
            "SELECT count(*) AS found FROM (SELECT 1 FROM runs"
            " WHERE process = %s AND status IN ('waiting', 'ready') LIMIT %s) AS queue",
            (process, most),
        )
    ).fetchone()
    return row["found"] if row else 0
