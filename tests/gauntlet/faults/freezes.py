"""F3: workers that freeze beyond their lease, and wake up when somebody else has the case."""

import asyncio
import signal
import time
from itertools import cycle, islice

from driver import SYSTEMS
from oracles import Violation, one_writer
from stage import Stage
from supervisor import Member
from trial import Ground, Outcome

BATCH = 10  # so many freeze one after the other before the first one's lease is over
BOUNDARIES = (
    "claim_before_commit",
    "claim_after_commit",
    "checkpoint_before_write",
    "checkpoint_after_write",
    "effect_before_intent",
    "effect_after_intent",
    "effect_answered",
    "effect_recorded",
    "end_before_commit",
    "end_after_commit",
)
FREEZES_WITHIN_S = 20.0
SETTLE_S = 3.0


async def frozen_workers(ground: Ground, n: int) -> Outcome:
    """F3: stop at each boundary, be taken over, go on: no write of the woken one may count."""
    outcome = Outcome(n=0, timed="freeze to the end of the case at another worker")
    async with ground.staged("F3", workers=0) as stage:
        rescuer = await stage.hosts.add("worker")
        await stage.hosts.down([rescuer])
        places = cycle((point, system) for point in BOUNDARIES for system in SYSTEMS)
        while outcome.n < n:
            await _freeze_some(stage, rescuer, list(islice(places, min(BATCH, n - outcome.n))), outcome)
        evidence = stage.collect()
        outcome.figures["stale writes accepted"] = f"{len(list(one_writer(evidence)))} of {outcome.n}"
        outcome.violations += stage.judge()
    return outcome


async def _freeze_some(
    stage: Stage, rescuer: Member, places: list[tuple[str, str]], outcome: Outcome
) -> None:
    frozen = [await _freeze_at(stage, point, system=system) for point, system in places]
    outcome.n += sum(one is not None for one in frozen)
    began = time.monotonic()
    stage.hosts.up([rescuer])
    if not await stage.rest():
        outcome.violations.append(Violation("I5", f"no rest after {places}"))
    outcome.times.append(time.monotonic() - began)
    woken = [one for one in frozen if one is not None]
    for member in woken:
        stage.hosts.send(member, signal.SIGCONT)
    await asyncio.sleep(SETTLE_S)  # they do what they were about to do
    await stage.rest()
    await stage.hosts.down([rescuer])
    await stage.hosts.remove(woken)


async def _freeze_at(stage: Stage, point: str, *, system: str) -> Member | None:
    """Give a case to a worker of its own that stops at the point; None when it never passes it."""
    nth = stage.rng.randrange(1, 7) if point.startswith("checkpoint") else 1
    victim = await stage.hosts.add("worker", fault=f"{point}:stop:{nth}")
    await stage.driver.start(stage.driver.order(system, review=False))  # type: ignore[arg-type]
    deadline = time.monotonic() + FREEZES_WITHIN_S
    while time.monotonic() < deadline:
        if _is_stopped(victim):
            return victim
        await asyncio.sleep(0.02)
    await stage.hosts.remove([victim])
    return None


def _is_stopped(member: Member) -> bool:
    if member.process is None or member.process.pid is None:
        return False
    with open(f"/proc/{member.process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"
