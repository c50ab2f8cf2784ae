"""What becomes of a run whose worker died: taken over, and put aside when it takes every worker down."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from small_processes import small_registry

from server.engine.cases import start_case
from server.engine.limits import HostLimits, Limits
from server.engine.runner import Runner
from server.engine.takeover import take_over
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.runs import claim_run
from server.storage.workers import register_worker

DEAD = 999  # the number of a worker that holds no lock


async def start(database: Database) -> Case:
    process = small_registry().get("small")
    case, _ = await start_case(database, process, input_={"item": "chair"}, actor="anna", key=None)
    return case


async def run_row(database: Database) -> dict[str, Any]:
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id, status, takeovers FROM runs")).fetchone()
    assert row is not None
    return row


async def die(database: Database, run_id: UUID, *, deaths: int = 3) -> None:
    """Claim the run as a worker does that then dies, and let another one look."""
    async with database.transaction() as connection:
        assert await claim_run(connection, run_id, worker=DEAD)
    await take_over(database, HostLimits(default=Limits(deaths=deaths)), worker=None, executing=set())


async def suspicions(database: Database) -> list[bool]:
    """What the queue says of its runs."""
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT suspect FROM runs WHERE status = 'ready'")
        return [run["suspect"] for run in await cursor.fetchall()]


@pytest.mark.parametrize("deaths", [2, 3, 4])
async def test_a_dead_workers_run_is_ready_again_and_a_suspect_before_its_last_try(
    database: Database, deaths: int
) -> None:
    await start(database)
    run = await run_row(database)

    said = []
    for _ in range(deaths - 1):
        await die(database, run["id"], deaths=deaths)
        said += await suspicions(database)

    assert (await run_row(database))["status"] == "ready"
    assert said == [False] * (deaths - 2) + [True]


async def test_a_case_that_takes_every_worker_down_is_put_aside(database: Database) -> None:
    case = await start(database)
    run = await run_row(database)

    for _ in range(3):
        await die(database, run["id"])

    assert await run_row(database) == {"id": run["id"], "status": "failed", "takeovers": 3}
    async with database.transaction() as connection:
        poisoned = await get_case(connection, case.id)
        entries = await (
            await connection.execute(
                "SELECT action FROM audit_entries WHERE case_id = %s ORDER BY id", (case.id,)
            )
        ).fetchall()
    assert (poisoned.status, poisoned.error and poisoned.error["code"]) == ("incident", "case_poisoned")
    assert poisoned.attempt == 4, "the last worker, should it wake, is shut out"
    assert entries[-1]["action"] == "incident_opened"


async def test_deaths_count_only_while_the_case_gets_no_further(database: Database) -> None:
    await start(database)
    run = await run_row(database)
    await die(database, run["id"])
    await die(database, run["id"])

    await Runner(database, small_registry()).run(run["id"], worker=1)
    async with database.transaction() as connection:  # as if it had died at the very end
        await connection.execute("UPDATE runs SET status = 'ready'")
    await die(database, run["id"])

    assert await run_row(database) == {"id": run["id"], "status": "ready", "takeovers": 1}


async def test_two_looks_at_one_death_count_it_once(database: Database) -> None:
    await start(database)
    run = await run_row(database)

    await die(database, run["id"])
    await take_over(database, HostLimits(), worker=None, executing=set())

    assert await run_row(database) == {"id": run["id"], "status": "ready", "takeovers": 1}


class JoinedMeanwhile(set[UUID]):
    """Runs that a worker claims just after somebody has looked at what it executes."""

    def __iter__(self) -> Iterator[UUID]:
        return iter(())


async def test_a_run_that_is_claimed_while_strays_are_looked_for_is_left_alone(database: Database) -> None:
    await start(database)
    run = await run_row(database)
    async with await database.connect() as alive:
        number = await register_worker(alive, "here", serves=[])
        async with database.transaction() as connection:
            assert await claim_run(connection, run["id"], worker=number)

        await take_over(database, HostLimits(), worker=number, executing=JoinedMeanwhile([run["id"]]))

    assert (await run_row(database))["status"] == "running"


async def test_a_worker_that_is_long_gone_is_forgotten_but_not_while_a_run_stands_as_its(
    database: Database,
) -> None:
    await start(database)
    run = await run_row(database)
    async with database.connection() as connection:
        holder, _ = [await register_worker(connection, name, serves=[]) for name in ("holder", "idle")]
        assert await claim_run(connection, run["id"], worker=holder)
        await connection.execute("UPDATE workers SET seen_at = now() - interval '8 days'")

        number = await register_worker(connection, "new", serves=[])

        rows = await (await connection.execute("SELECT id FROM workers ORDER BY id")).fetchall()
    assert [row["id"] for row in rows] == [holder, number]
