"""F48: an hour of random faults, with slopes of memory, disk and latency."""

import asyncio
import signal
import time
from pathlib import Path
from statistics import fmean

from load import loaded
from oracles import Violation
from stage import Stage
from trial import Ground, Outcome

ACTIVE = 6
PAUSE_S = (2.0, 10.0)
FREEZE_S = 12.0
GROWTH = 1.25  # of memory and of latency, from the first to the last quarter
PATIENT = Path(__file__).parents[1] / "patient_limits.toml"


async def soaked(ground: Ground, n: int) -> Outcome:
    """F48: n minutes of load and random faults; one API and one worker are spared, and measured."""
    outcome = Outcome(n=0, timed="start to end of a case without review")
    memory: list[int] = []
    async with ground.staged(
        "F48", system_proxies=True, environment={"STEWARD_LIMITS": str(PATIENT)}
    ) as stage:
        until = time.monotonic() + 60 * n
        async with loaded(stage, active=ACTIVE):
            while time.monotonic() < until:
                await _some_fault(stage)
                outcome.n += 1
                memory.append(sum(_resident(m.process.pid) for m in _spared(stage) if m.process))
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
        outcome.times = await _durations(stage)
        size = await stage.number("SELECT pg_database_size(current_database())")
        cases = await stage.number("SELECT count(*) FROM cases")
    outcome.figures["cases"] = str(cases)
    outcome.figures["bytes a case in PostgreSQL"] = str(size // max(1, cases))
    outcome.violations += _growth("memory of the spared hosts", [float(m) for m in memory], outcome)
    return outcome


async def _some_fault(stage: Stage) -> None:
    await asyncio.sleep(stage.rng.uniform(*PAUSE_S))
    fault = stage.rng.choice(
        (_kill_worker, _kill_api, _freeze, _cut_connections, _lose_answers, _crash_database)
    )
    await fault(stage)


async def _kill_worker(stage: Stage) -> None:
    stage.hosts.send(stage.rng.choice(stage.hosts.workers[1:]), signal.SIGKILL)


async def _kill_api(stage: Stage) -> None:
    stage.hosts.send(stage.hosts.apis[1], signal.SIGKILL)


async def _freeze(stage: Stage) -> None:
    frozen = stage.rng.choice(stage.hosts.workers[1:])
    stage.hosts.send(frozen, signal.SIGSTOP)
    await asyncio.sleep(FREEZE_S)
    stage.hosts.send(frozen, signal.SIGCONT)


async def _cut_connections(stage: Stage) -> None:
    await stage.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^(worker|api)-'"
    )


async def _lose_answers(stage: Stage) -> None:
    proxy = stage.proxies[stage.rng.choice(("keyed", "searchable", "blind"))]
    proxy.trouble.request, proxy.trouble.lose_answer = b'"transfer"', 0.5
    await asyncio.sleep(2)
    proxy.trouble.lose_answer = 0.0


async def _crash_database(stage: Stage) -> None:
    await asyncio.to_thread(stage.postmaster.kill)
    await asyncio.to_thread(stage.postmaster.start)


def _spared(stage: Stage) -> list:  # type: ignore[type-arg]
    return [stage.hosts.apis[0], stage.hosts.workers[0]]


def _resident(pid: int | None) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    return int(pages) * 4096


async def _durations(stage: Stage) -> list[float]:
    rows = await stage.query(
        "SELECT extract(epoch FROM ended_at - created_at) FROM cases"
        " WHERE ended_at IS NOT NULL AND input ->> 'review' = 'false' ORDER BY created_at"
    )
    return [float(str(row[0])) for row in rows]


def _growth(what: str, values: list[float], outcome: Outcome) -> list[Violation]:
    """Compare the last quarter with the second: in the first one everything is still being loaded."""
    quarter = len(values) // 4
    if quarter < 3:
        return []
    before, after = fmean(values[quarter : 2 * quarter]), fmean(values[-quarter:])
    outcome.figures[what] = f"{before / 2**20:.0f} MiB, then {after / 2**20:.0f} MiB"
    return [Violation("I9", f"{what} grew by {after / before - 1:.0%}")] if after > GROWTH * before else []
