"""What becomes of runs for a version of their process that no worker serves any more.

A case that can go on under the newest version at work is adopted by it; every other one becomes an incident
that says what is missing. LangGraph itself would end it as if it were finished.
"""

import structlog

from server.engine.continuity import Obstacle, obstacles_of
from server.engine.incidents import Cause, open_incident, printable
from server.engine.registry import Process, Registry
from server.errors import ServerError
from server.identity.actors import RUNTIME
from server.storage.audit import append_entry
from server.storage.cases import get_case
from server.storage.database import Connection, Database
from server.storage.heads import read_heads
from server.storage.runs import abandon_run, move_run
from server.storage.versions import (
    Stranded,
    list_outlines,
    lock_stranded,
    pin_case,
    stranded_runs,
)

log = structlog.get_logger()

GRACE_S = 5.0


async def adopt_stranded(database: Database, registry: Registry, *, grace_s: float = GRACE_S) -> None:
    """Decide over every ready run whose version nobody has served for `grace_s` seconds."""
    async with database.transaction() as connection:
        stranded = await stranded_runs(connection, registry, grace_s=grace_s)
    for run in stranded:
        try:
            async with database.transaction() as connection:
                if await lock_stranded(connection, run):
                    await _decide(connection, registry.get(run.process), run=run)
        except ServerError:
            raise
        except Exception:  # one checkpoint that cannot be read must not keep the others, nor end the worker
            log.exception("run_not_decided", case_id=str(run.case_id))


async def _decide(connection: Connection, process: Process, *, run: Stranded) -> None:
    case = await get_case(connection, run.case_id)
    heads = await read_heads(connection, [case.id])
    outlines = await list_outlines(connection, [(run.process, run.version)])
    obstacles = obstacles_of(
        process,
        heads.get(case.id),
        input_=case.input,
        outline=outlines.get((run.process, run.version)),
    )
    if obstacles:
        await _give_up(connection, run, obstacles=obstacles)
    else:
        await _adopt(connection, run, version=process.version)


async def _adopt(connection: Connection, run: Stranded, *, version: str) -> None:
    await pin_case(connection, run.case_id, version=version)
    await move_run(connection, run.run_id)
    await append_entry(
        connection,
        RUNTIME,
        action="case_adopted",
        object_=f"case/{run.case_id}",
        case_id=run.case_id,
        before=run.version,
        after=version,
    )
    log.info("case_adopted", case_id=str(run.case_id), before=run.version, after=version)


async def _give_up(connection: Connection, run: Stranded, *, obstacles: list[Obstacle]) -> None:
    """End the run, and leave the case to the operators with what is missing."""
    missing = "; ".join(obstacle.message for obstacle in obstacles)
    cause = Cause(
        code="version_gone",
        kind="permanent",
        message=printable(f"no worker has its version {run.version!r} any more, and now {missing}"),
        type="VersionGone",
        step=next((one.name for one in obstacles if one.kind in {"step", "review"}), None),
        detail={"version": run.version, "obstacles": [one.model_dump() for one in obstacles]},
    )
    await abandon_run(connection, run.run_id)
    await open_incident(connection, run.case_id, run_id=run.run_id, cause=cause)
    log.warning("case_not_adopted", case_id=str(run.case_id), version=run.version)
