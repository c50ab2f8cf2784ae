"""F11, F12, F14: outside systems that are slow, hang, break off, and answer with errors of every kind."""

import asyncio
from statistics import quantiles
from typing import get_args

from driver import SYSTEMS, System
from load import loaded
from oracles import Allowed, Violation
from proxies import Trouble
from stage import Stage
from system_books import FaultName
from trial import Ground, Outcome

ANY_INCIDENT = Allowed(frozenset(SYSTEMS))
ACTIVE = 8
# Later than the time-outs in servers.toml, but within the time that it gives a searchable system until its
# look-ups are conclusive.
SLOW_S = {"keyed": 5.0, "searchable": 3.5, "blind": 5.0}
WITHIN_TIMEOUT_S = 2.0
# What a worker's log says.
OPENED, CLOSED = "breaker of keyed: open", "breaker of keyed: closed"


async def slow_answers(ground: Ground, n: int) -> Outcome:
    """F11: answers come after the time-out, before or after the effect; the neighbour does not notice."""
    outcome = Outcome(n=0)
    async with ground.staged("F11") as stage:
        while outcome.n < n:
            name: FaultName = stage.rng.choice(("delay", "delay_after"))
            system: System = stage.rng.choice(SYSTEMS)
            stage.systems[system].books.set_fault(name, times=1, seconds=SLOW_S[system])
            await stage.driver.start(stage.driver.order(system, review=False))
            outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
        alone, beside = await _neighbour(stage, slow=False), await _neighbour(stage, slow=True)
    outcome.figures["a neighbour's p95"] = f"{beside:.2f} s beside a slow system, {alone:.2f} s alone"
    return outcome


async def _neighbour(stage: Stage, *, slow: bool) -> float:
    """The 95th percentile of cases of the keyed system, with as many of the blind one beside them."""
    blind = stage.systems["blind"].books
    blind.clear_faults()
    if slow:
        blind.set_fault("delay", seconds=WITHIN_TIMEOUT_S)
    after = (await stage.query("SELECT clock_timestamp()"))[0][0]
    async with loaded(stage, active=2, system="blind", review=False):
        for _ in range(40):
            await stage.driver.start(stage.driver.order("keyed", review=False))
            await asyncio.sleep(0.1)
    await stage.rest()
    rows = await stage.query(
        "SELECT extract(epoch FROM ended_at - created_at)::float FROM cases"
        " WHERE input ->> 'system' = 'keyed' AND ended_at IS NOT NULL AND created_at > %s",
        after,
    )
    return quantiles([float(str(row[0])) for row in rows], n=20)[-1]


async def hanging_systems(ground: Ground, n: int) -> Outcome:
    """F12: connections hang or end in the middle of an answer."""
    outcome = Outcome(n=0)
    troubles = [
        Trouble(half_open=True),
        Trouble(black_hole=True),
        Trouble(cut_after=300),
        Trouble(cut_after=0),
    ]
    async with ground.staged("F12", system_proxies=True) as stage:
        while outcome.n < n:
            async with loaded(stage, active=ACTIVE, review=False):
                proxy = stage.proxies[stage.rng.choice(SYSTEMS)]
                proxy.trouble = troubles[outcome.n % len(troubles)]
                await asyncio.sleep(stage.rng.uniform(1, 5))
                proxy.trouble = Trouble()
                proxy.reset()
                outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge(ANY_INCIDENT)
        outcome.figures["incidents"] = await _incidents(stage)
    return outcome


async def wrong_answers(ground: Ground, n: int) -> Outcome:
    """F14: refusals, errors and answers of another shape, before and after the effect."""
    kinds = [name for name in get_args(FaultName) if not name.startswith("delay")]
    outcome = Outcome(n=0)
    async with ground.staged("F14") as stage:
        while outcome.n < n:
            system, name = SYSTEMS[outcome.n % 3], kinds[outcome.n // 3 % len(kinds)]
            stage.systems[system].books.set_fault(name, times=1)
            await stage.driver.start(stage.driver.order(system, review=False))
            await stage.rest()
            outcome.n += 1
        outcome.figures["the breaker"] = await _break_and_mend(stage, outcome)
        outcome.violations += stage.judge(ANY_INCIDENT)
        outcome.figures["incidents"] = await _incidents(stage)
    return outcome


async def _break_and_mend(stage: Stage, outcome: Outcome) -> str:
    """Let a system answer 503 until the hosts leave it alone, and then no more."""
    keyed = stage.systems["keyed"].books
    keyed.set_fault("http_503")
    for _ in range(ACTIVE):
        await stage.driver.start(stage.driver.order("keyed", review=False))
    for _ in range(100):
        if _told(stage, OPENED):
            break
        await asyncio.sleep(0.1)
    keyed.clear_faults()
    await stage.rest()
    opened, closed = _told(stage, OPENED), _told(stage, CLOSED)
    if not (opened and closed):
        outcome.violations.append(Violation("F14", f"the breaker opened {opened} times and closed {closed}"))
    return f"opened {opened} times, closed {closed} times"


def _told(stage: Stage, words: str) -> int:
    return sum(log.read_text().count(words) for log in stage.folder.glob("worker-*.log"))


async def _incidents(stage: Stage) -> str:
    """Count the incidents by system and by the code of their error."""
    rows = await stage.query(
        "SELECT input ->> 'system', error ->> 'code', count(*) FROM cases WHERE status = 'incident'"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return ", ".join(f"{system} {code} {count}" for system, code, count in rows) or "none"
