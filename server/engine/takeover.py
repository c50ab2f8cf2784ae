"""Taking over the runs of workers that died, and stopping a case that kills them."""

from collections.abc import Collection
from uuid import UUID

import structlog

from server.engine.incidents import cause_of, open_incident
from server.engine.limits import DEFAULT, HostLimits
from server.errors import CasePoisoned
from server.storage.database import Connection, Database
from server.storage.runs import (
    count_death,
    fail_dead_run,
    lost_runs,
    requeue_run,
    stray_runs,
)

log = structlog.get_logger()


async def take_over(
    database: Database, limits: HostLimits, *, worker: int | None, executing: Collection[UUID]
) -> None:
    """Put back every run that nobody executes although it stands as running.

    `executing` are the runs that the worker of this number does execute, as they come and go meanwhile.
    """
    async with database.transaction() as connection:
        for run_id, dead in await lost_runs(connection):
            await _put_back_lost(connection, run_id, worker=dead, limits=limits)
        if worker is not None:
            for run_id in await stray_runs(connection, worker=worker, executing=executing):
                if run_id not in executing:  # it may have been claimed while the database was asked
                    await requeue_run(connection, run_id, worker=worker)


async def _put_back_lost(connection: Connection, run_id: UUID, *, worker: int, limits: HostLimits) -> None:
    """Count the death of the worker; after too many in a row at one place, the case is an incident."""
    died = await count_death(connection, run_id, worker=worker)
    deaths = limits.of(died.process if died else DEFAULT).deaths
    if died and died.takeovers >= deaths:
        await _quarantine(connection, run_id, deaths=died.takeovers)
    elif await requeue_run(connection, run_id, worker=worker, suspect_from=max(1, deaths - 1)):
        log.warning("run_taken_over", run_id=str(run_id), deaths=died and died.takeovers)


async def _quarantine(connection: Connection, run_id: UUID, *, deaths: int) -> None:
    case_id = await fail_dead_run(connection, run_id)
    poisoned = CasePoisoned(f"{deaths} workers in a row died while they ran the same step")
    await open_incident(connection, case_id, run_id=run_id, cause=cause_of(poisoned))
    log.error("case_quarantined", case_id=str(case_id), deaths=deaths)
