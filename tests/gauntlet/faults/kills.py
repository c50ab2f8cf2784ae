"""F1, F2, F4, F5: processes that are killed."""

import asyncio
import random
import signal
import time
from pathlib import Path
from typing import get_args

import httpx
from driver import SYSTEMS, Order, System
from load import loaded
from oracles import Violation, takeover_times
from stage import Stage
from supervisor import Member, answering
from trial import Ground, Outcome
from trytons import INSTALLED, MISSING

from server.failpoints import Point

OF_WORKER = ("claim", "checkpoint", "effect", "end")
ACTIVE = 12
REFUSAL_TRIES = 50
DIES_WITHIN_S = 60.0
PATIENT = Path(__file__).parents[1] / "patient_limits.toml"


def worker_points() -> list[str]:
    """The fail-points that a worker passes."""
    return [point for point in get_args(Point) if point.startswith(OF_WORKER)]


async def at_every_point(ground: Ground, n: int) -> Outcome:
    """F1: a lone worker dies at a point; another one must bring the case to its end."""
    return await _at_every_point(ground, n, name="F1", systems=SYSTEMS)


async def at_every_point_on_tryton(ground: Ground, n: int) -> Outcome:
    """F1-tryton: the same, and what the case does is an invoice in Tryton."""
    if not INSTALLED:
        return Outcome(n=0, skipped=MISSING)
    return await _at_every_point(ground, n, name="F1-tryton", systems=("tryton",))


async def _at_every_point(ground: Ground, n: int, *, name: str, systems: tuple[System, ...]) -> Outcome:
    places = [
        (system, review, f"{point}:kill:{nth}")
        for point in worker_points()
        for nth in _times_passed(point)
        for system in systems
        for review in (False, True)
    ]
    random.Random(ground.seed).shuffle(places)  # a part of them is a part of each kind
    outcome, passed = Outcome(n=0, timed="death to the end of the case"), 0
    async with ground.staged(name, workers=0, tryton="tryton" in systems) as stage:
        victim, rescuer = await stage.hosts.add("worker"), await stage.hosts.add("worker")
        await stage.hosts.down([victim, rescuer])
        for round_ in range(n):
            system, review, fault = places[round_ % len(places)]
            died = await _die_at(stage, victim, stage.driver.order(system, review=review), fault=fault)
            passed += died
            began = time.monotonic()
            stage.hosts.up([rescuer])
            if not await stage.rest():
                outcome.violations.append(Violation("I5", f"no rest after {fault} with {system}"))
            outcome.times += [time.monotonic() - began] if died else []
            await stage.hosts.down([rescuer])
        outcome.n = passed
        outcome.violations += stage.judge()
    outcome.figures["places"] = str(len(places))
    return outcome


def _times_passed(point: str) -> range:
    """A case passes its points once, but for the ends of its runs and its checkpoints."""
    if point.startswith("checkpoint"):
        return range(1, 9)
    return range(1, 3) if point.startswith(("end", "claim")) else range(1, 2)


async def _die_at(stage: Stage, victim: Member, order: Order, *, fault: str) -> bool:
    """Let the victim work on the order until it dies; False when the case ends without its death."""
    before = len(stage.hosts.deaths)
    victim.wanted, victim.fault = True, fault
    stage.hosts.up([victim], fault=fault)
    case = await stage.driver.start(order)
    victim.wanted = False  # it is not started again
    deadline = time.monotonic() + DIES_WITHIN_S
    while time.monotonic() < deadline and len(stage.hosts.deaths) == before:
        await stage.driver.answer_all()
        if not await stage.number(
            "SELECT count(*) FROM cases WHERE id::text = %s AND ended_at IS NULL", case
        ):
            break
        await asyncio.sleep(0.02)
    died = len(stage.hosts.deaths) > before
    await stage.hosts.down([victim])
    return died


async def at_random(ground: Ground, n: int) -> Outcome:
    """F2: workers die at random moments and at random points, under load, and are started again."""
    # Here it is the gauntlet that kills, and no case: none is to be put aside for it.
    async with ground.staged("F2", environment={"STEWARD_LIMITS": str(PATIENT)}) as stage:
        async with loaded(stage, active=ACTIVE):
            await _kill_often(stage, n)
        rested = await stage.rest()
        evidence = stage.collect()
        times = takeover_times(evidence, stage.hosts.deaths)
        outcome = Outcome(n=len(stage.hosts.deaths), times=times, timed="kill to the claim by another worker")
        outcome.violations = stage.judge()
    if not rested:
        outcome.violations.append(Violation("I5", "no rest after the last kill"))
    outcome.figures["cases"] = str(len(evidence.cases))
    outcome.figures["taken over"] = str(len(times))
    outcome.figures["incidents"] = str(sum(case["status"] == "incident" for case in evidence.cases))
    return outcome


async def _kill_often(stage: Stage, n: int) -> None:
    points = worker_points()
    while len(stage.hosts.deaths) < n:
        await asyncio.sleep(stage.rng.uniform(0.5, 2.5))
        victim = stage.rng.choice(stage.hosts.workers)
        if not victim.alive:
            continue
        if stage.rng.random() < 0.5:
            victim.fault = f"{stage.rng.choice(points)}:kill:{stage.rng.randrange(1, 20)}"
        stage.hosts.send(victim, signal.SIGKILL)


async def no_workers(ground: Ground, n: int) -> Outcome:
    """F4: all workers die and the API stays: it accepts up to its limit, and the work is done later."""
    limits = ground.folder / f"F4-{n}.toml"
    limits.write_text(f"[transfer]\nqueue = {n}\n")
    async with ground.staged("F4", environment={"STEWARD_LIMITS": str(limits)}) as stage:
        for _ in range(ACTIVE):
            await stage.driver.start(stage.driver.order())
        await stage.hosts.down(stage.hosts.workers)
        accepted = 0
        while accepted < n:
            batch = [stage.driver.start(stage.driver.order(review=False)) for _ in range(20)]
            accepted += sum(case is not None for case in await asyncio.gather(*batch))
        refused = await _is_refused(stage)
        began = time.monotonic()
        stage.hosts.up(stage.hosts.workers)
        rested = await stage.rest(within_s=60 + n / 5)
        outcome = Outcome(n=accepted, violations=stage.judge())
        outcome.figures["drained in"] = f"{time.monotonic() - began:.1f} s"
    if not rested:
        outcome.violations.append(Violation("I5", "the queue was not drained"))
    if not refused:
        outcome.violations.append(
            Violation("I9", "starts beyond the queue's limit got no 503 with Retry-After")
        )
    return outcome


async def _is_refused(stage: Stage) -> bool:
    """Say whether a start is told to come back later; the host counts its queue once a second."""
    for _ in range(REFUSAL_TRIES):
        order = stage.driver.order(review=False)

        async def send(client: httpx.AsyncClient, order: Order = order) -> httpx.Response:
            headers = {"Idempotency-Key": order.reference, "Steward-Actor": "driver"}
            path = "/v1/processes/transfer/cases"
            return await client.post(path, json={"input": order.input()}, headers=headers)

        response = await stage.driver.once("start", order.reference, send, actor="driver")
        if response is not None and response.status_code == 503:
            return int(response.headers.get("Retry-After", "0")) > 0
        await asyncio.sleep(0.2)
    return False


async def api_after_commit(ground: Ground, n: int) -> Outcome:
    """F5: an API process dies between the commit and the response; the client repeats at the other one."""
    outcome = Outcome(n=0, timed="repeat to the answer")
    async with ground.staged("F5") as stage:
        victim = stage.hosts.apis[0]
        for _ in range(n):
            await stage.hosts.down([victim])
            stage.hosts.up([victim], fault="accept_after_commit:kill:1")
            await answering(victim)
            outcome.violations += await _lose_and_repeat(stage, outcome)
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
    return outcome


async def _lose_and_repeat(stage: Stage, outcome: Outcome) -> list[Violation]:
    order = stage.driver.order(review=False)
    headers = {"Idempotency-Key": order.reference, "Steward-Actor": "driver"}

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(
            "/v1/processes/transfer/cases", json={"input": order.input()}, headers=headers
        )

    lost = await stage.driver.once("start", order.reference, send, at=0)
    outcome.n += lost is None
    began = time.monotonic()
    again = [await stage.driver.settled("start", order.reference, send) for _ in range(2)]
    outcome.times.append(time.monotonic() - began)
    ids = {response.json()["id"] for response in again if response is not None}
    inputs = [response.json()["input"] for response in again if response is not None]
    if len(ids) != 1 or inputs != [order.input()] * 2:
        return [Violation("I1", f"the repeats of {order.reference} were answered {ids}, {inputs}")]
    return []
