"""F42: waiting cases move to another version of their process, and the workers that move them die."""

import asyncio
import signal
import time
from pathlib import Path

import httpx
from copies import copy_case
from faults.answers import opened_review
from faults.releases import changed_process, replace_all
from oracles import Violation
from stage import Stage
from trial import Ground, Outcome

POINTS = ("move_before_commit", "move_after_commit", "checkpoint_before_write", "checkpoint_after_write")
KILL_EVERY_S = 1.5
MOVED_S = 120.0
ANSWERED = 10
_PENDING = "SELECT count(*) FROM case_migrations WHERE status = 'pending'"
_HALVES = """
    SELECT cases.id::text, cases.status, cases.version = process_migrations.to_version,
        (SELECT count(*) FROM reviews WHERE case_id = cases.id AND status = 'open'),
        (SELECT count(*) FROM audit_entries WHERE case_id = cases.id AND action = 'case_migrated')
    FROM cases JOIN case_migrations ON case_id = cases.id
    JOIN process_migrations ON process_migrations.id = migration_id
    WHERE case_migrations.status = 'moved'
"""


async def moved_cases(ground: Ground, n: int) -> Outcome:
    """F42: each case is moved whole, once, whoever dies over it, and can be answered afterwards."""
    outcome = Outcome(n=n)
    async with ground.staged("F42") as stage:
        case = await stage.driver.start(stage.driver.order("keyed", review=True)) or ""
        await opened_review(stage, case)
        await asyncio.to_thread(copy_case, stage.url, case, count=n - 1)
        (version,) = (await stage.query("SELECT version FROM cases LIMIT 1"))[0]
        await replace_all(stage, _with_a_renamed_step(stage))
        began = time.monotonic()
        await _order(stage, str(version))
        kills = await _kill_until_moved(stage, n)
        outcome.figures["moved in"] = f"{time.monotonic() - began:.0f} s"
        outcome.figures["workers killed meanwhile"] = str(kills)
        await _asked_again(stage, n)
        rows = await stage.query(_HALVES)
        outcome.violations += [
            Violation("I5", f"case {row[0]} is moved by halves: {row[1:]}")
            for row in rows
            if tuple(row[1:]) != ("waiting", True, 1, 1)
        ]
        outcome.violations += [] if len(rows) == n else [Violation("I5", f"{len(rows)} of {n} moved")]
        outcome.violations += await _answered(stage)
    return outcome


def _with_a_renamed_step(stage: Stage) -> Path:
    renames = {"def ask(": "def approve(", '"ask"': '"approve"', "add_node(ask)": "add_node(approve)"}
    return changed_process(stage.folder / "renamed", renames)


async def _order(stage: Stage, version: str) -> None:
    async def send(client: httpx.AsyncClient) -> httpx.Response:
        body = {"from_version": version, "steps": {"ask": "approve"}, "reason": "the gauntlet"}
        return await client.post("/v1/processes/transfer/migrations", json=body)

    response = await stage.driver.once("migrate", version, send)
    assert response is not None
    assert response.is_success, response.text


async def _kill_until_moved(stage: Stage, n: int) -> int:
    async with asyncio.timeout(MOVED_S + n / 5):
        while await stage.number(_PENDING):
            victim = stage.rng.choice(stage.hosts.workers)
            victim.fault = f"{stage.rng.choice(POINTS)}:kill:{stage.rng.randrange(1, 30)}"
            stage.hosts.send(victim, signal.SIGKILL)
            await asyncio.sleep(KILL_EVERY_S)
    return sum(death.code == -signal.SIGKILL for death in stage.hosts.deaths)


async def _asked_again(stage: Stage, n: int) -> None:
    """Wait until every moved case has asked as the new version asks."""
    async with asyncio.timeout(MOVED_S + n / 5):
        while await stage.number(
            "SELECT count(*) FROM cases WHERE status <> 'waiting' OR NOT EXISTS"
            " (SELECT 1 FROM reviews WHERE case_id = cases.id AND status = 'open')"
        ):
            await asyncio.sleep(0.5)


async def _answered(stage: Stage) -> list[Violation]:
    for review in (await stage.driver.open_reviews())[:ANSWERED]:
        await stage.driver.answer(review, actor="anna", approved=False)
    for _ in range(300):
        if not await stage.active():
            break
        await asyncio.sleep(0.1)
    ended = await stage.number("SELECT count(*) FROM cases WHERE status = 'succeeded'")
    expected = sum(1 for _ in stage.driver.history.of("answer", "ok"))
    return [] if ended == expected else [Violation("I5", f"{ended} of {expected} answered cases ended")]
