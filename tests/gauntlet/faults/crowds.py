"""F23, F27: ten thousand cases that wait, for a person or for one and the same second."""

import asyncio
import os
import time
from pathlib import Path

from copies import copy_case
from faults.answers import opened_review
from faults.strain import begin
from oracles import Violation
from report import percentile
from stage import Stage
from trial import Ground, Outcome

FAR = "2099-01-01T00:00:00Z"
DUE_IN_S = 5.0
IDLE_S = 20.0
LOOKS = 100
BYTES_A_CASE = 8192
IDLE_PERCENT = 3.0
LIST_P95_S = 0.1
RESUME_P99_S = 0.25
_SIZE = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"


async def timers_at_once(ground: Ground, n: int) -> Outcome:
    """F23: all timers are due in one second, and each fires once and none early."""
    outcome = Outcome(n=n, timed="due to fired")
    async with ground.staged("F23") as stage:
        case = await begin(stage, "nap", {"until": FAR}, number=0)
        await _waiting(stage, 1)
        await asyncio.to_thread(copy_case, stage.url, case, count=n - 1)
        await stage.query(
            "WITH changed AS (UPDATE timers SET due_at = now() + make_interval(secs => %s) RETURNING 1)"
            " SELECT count(*) FROM changed",
            DUE_IN_S,
        )
        began = time.monotonic()
        async with asyncio.timeout(120 + n / 10):
            while await stage.number("SELECT count(*) FROM cases WHERE status <> 'succeeded'"):
                await asyncio.sleep(0.5)
        outcome.figures["all resumed and ended in"] = f"{time.monotonic() - began - DUE_IN_S:.0f} s"
        fired = await stage.query("SELECT extract(epoch FROM ended_at - due_at) FROM timers")
        resumes = await stage.query(
            "SELECT case_id FROM runs WHERE kind <> 'start' GROUP BY 1 HAVING count(*) <> 1"
        )
        ended_early = await stage.number(
            "SELECT count(*) FROM cases JOIN timers ON case_id = cases.id WHERE cases.ended_at < due_at"
        )
    outcome.times = [float(str(row[0])) for row in fired]
    early = sum(late < 0 for late in outcome.times) + ended_early
    outcome.violations += [Violation("I5", f"case {row[0]} was not resumed once") for row in resumes]
    outcome.violations += [Violation("I5", f"{early} fired early")] if early else []
    outcome.violations += [] if len(fired) == n else [Violation("I5", f"{len(fired)} timers of {n}")]
    return outcome


async def _waiting(stage: Stage, count: int) -> None:
    async with asyncio.timeout(60):
        while await stage.number("SELECT count(*) FROM cases WHERE status = 'waiting'") < count:
            await asyncio.sleep(0.1)


async def many_waiting(ground: Ground, n: int) -> Outcome:
    """F27: waiting cases cost little room and no time, and one is resumed among them as fast as alone."""
    outcome = Outcome(n=n, timed="answer to the end of the resumed run")
    async with ground.staged("F27", environment={"STEWARD_KEEP_WAITING_STEPS_DAYS": "0"}) as stage:
        case = await stage.driver.start(stage.driver.order("keyed", review=True))
        await opened_review(stage, case or "")
        await _pruned(stage)
        before = await stage.number(_SIZE)
        await asyncio.to_thread(copy_case, stage.url, case or "", count=n - 1)
        room = (await stage.number(_SIZE) - before) / n
        idle = await _idle_percent(stage)
        listing = await _list_times(stage)
        outcome.times = await _resume_times(stage)
    p95, p99 = percentile(listing, 95) or 0.0, percentile(outcome.times, 99) or 0.0
    outcome.figures["bytes a case"] = f"{room:.0f}"
    outcome.figures["CPU of all hosts at rest"] = f"{idle:.1f} %"
    outcome.figures["list p95"] = f"{p95 * 1000:.0f} ms"
    bounds = [
        (room, BYTES_A_CASE, "bytes a case"),
        (idle, IDLE_PERCENT, "% CPU at rest"),
        (p95, LIST_P95_S, "s to list"),
        (p99, RESUME_P99_S, "s to resume"),
    ]
    outcome.violations += [
        Violation("I9", f"{value:.3g} {what}, not {bound:.3g}")
        for value, bound, what in bounds
        if value > bound
    ]
    return outcome


async def _pruned(stage: Stage) -> None:
    """Wait until the case is as one that has waited for long: the host looks once a minute."""
    async with asyncio.timeout(90):
        while await stage.number("SELECT count(*) FROM checkpoints") > 1:
            await asyncio.sleep(0.5)


async def _idle_percent(stage: Stage) -> float:
    """CPU of API processes and workers while nothing happens, in percent of one core, all together."""
    await asyncio.sleep(2)
    before, began = _cpu_s(stage), time.monotonic()
    await asyncio.sleep(IDLE_S)
    return 100 * (_cpu_s(stage) - before) / (time.monotonic() - began)


def _cpu_s(stage: Stage) -> float:
    pids = [member.process.pid for member in stage.hosts.members if member.process]
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _list_times(stage: Stage) -> list[float]:
    times = []
    for number in range(LOOKS):
        path = ("/v1/cases", "/v1/reviews")[number % 2]
        began = time.monotonic()
        (await stage.driver.clients[0].get(path)).raise_for_status()
        times.append(time.monotonic() - began)
    return times


async def _resume_times(stage: Stage) -> list[float]:
    """Reject some, one after the other, and take the database's word for how long each took."""
    for review in (await stage.driver.open_reviews())[:LOOKS]:
        await stage.driver.answer(review, actor="anna", approved=False)
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)
    rows = await stage.query(
        "SELECT extract(epoch FROM cases.ended_at - answered_at) FROM cases"
        " JOIN reviews ON case_id = cases.id WHERE answered_at IS NOT NULL AND cases.ended_at IS NOT NULL"
    )
    return [float(str(row[0])) for row in rows]
