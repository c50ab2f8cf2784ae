"""Interventions at the moment of steps, answers and each other: each is legal or refused, none is half."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from uuid import UUID

from intervened_cases import REGISTRY, case_of, do, reviews_of, rows, start

from server.engine.cases import answer_review
from server.engine.worker import Worker
from server.errors import Conflict
from server.storage.database import Database

ROUNDS = 50
GENTLE = ["edit", "suspend", "resume"]
HARSH = [*GENTLE, "skip", "cancel"]
DONE = {
    "answer": "review_answered",
    "cancel": "case_cancelled",
    "edit": "case_edited",
    "suspend": "case_suspended",
    "resume": "case_resumed",
    "skip": "case_skipped",
}
# How a case that nobody touches any more may stand; a running one must have a run.
RESTING = {"waiting", "suspended", "succeeded", "cancelled"}


async def attempt(
    database: Database, case_id: UUID, what: str, *, asked: dict[UUID, UUID], done: Counter[str]
) -> None:
    """Do it at some moment of the race; a conflict is an answer, everything else is a fault."""
    await asyncio.sleep(random.Random(f"{case_id}{what}").random() / 4)
    with suppress(Conflict):
        if what == "answer":
            await answer_review(database, asked[case_id], answer="yes", actor="ben")
        else:
            await do(database, case_id, what)  # type: ignore[arg-type]
        done[what] += 1


async def at_rest(database: Database) -> None:
    async with asyncio.timeout(120):
        while await rows(database, "SELECT 1 FROM cases WHERE status = 'running' LIMIT 1"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_interventions_race_with_steps_answers_and_each_other(database: Database) -> None:
    """Half of the cases wait when the race begins, the others have just been started."""
    done: Counter[str] = Counter()
    worker = asyncio.create_task(Worker(database, REGISTRY, concurrency=4).run())
    cases = [await start(database) for _ in range(ROUNDS // 2)]
    await at_rest(database)
    asked = {case_id: (await reviews_of(database, case_id))[0].id for case_id in cases}
    cases += [await start(database) for _ in range(ROUNDS // 2)]

    async with asyncio.TaskGroup() as race:
        for number, case_id in enumerate(cases):
            answers = ["answer", "answer"] if case_id in asked else []
            for what in [*answers, *(HARSH if number % 3 == 0 else GENTLE)]:
                race.create_task(attempt(database, case_id, what, asked=asked, done=done))
    await at_rest(database)

    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    entries = await rows(database, "SELECT action FROM audit_entries WHERE actor IN ('olga', 'ben')")
    assert Counter(row["action"] for row in entries) == {DONE[what]: count for what, count in done.items()}
    assert {"answer", "cancel", "edit", "suspend"} <= done.keys()
    for case_id in cases:
        await assert_whole(database, case_id)


async def assert_whole(database: Database, case_id: UUID) -> None:
    """A case in a named state with an owner, and nothing that contradicts it."""
    case = await case_of(database, case_id)
    statuses = Counter(review.status for review in await reviews_of(database, case_id))
    runs = await rows(database, f"SELECT status FROM runs WHERE case_id = '{case_id}'")
    active = [row["status"] for row in runs if row["status"] in {"waiting", "ready", "running"}]
    cancelled = await rows(
        database,
        "SELECT 1 FROM audit_entries WHERE action = 'case_cancelled' AND actor = 'olga'"
        f" AND case_id = '{case_id}'",
    )
    assert case.status in RESTING
    assert bool(cancelled) == (case.status == "cancelled")
    match case.status:
        case "waiting":
            assert (statuses["open"], active) == (1, [])
        case "suspended":
            assert len(active) + statuses["open"] == 1
        case _:
            assert (statuses["open"], active) == (0, [])
