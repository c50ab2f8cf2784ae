"""F22: hosts whose clocks are hours off, jump, and stand in other zones."""

import asyncio
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driver import SYSTEMS
from faults.strain import begin
from oracles import Violation
from stage import HERE, Stage
from trial import Ground, Outcome

SKEWS = ((3600, "Europe/Berlin"), (-3600, "America/New_York"), (86400 * 150, "Pacific/Auckland"))
AT_ONCE = 10
LATE_S = 10.0


async def skewed_clocks(ground: Ground, n: int) -> Outcome:
    """F22: three workers and the API are hours and months apart; what is due is due by the database."""
    library = _compiled(ground.folder)
    if library is None:
        return Outcome(n=0, skipped="skipped: no C compiler here to build a skewed clock with")
    outcome = Outcome(n=0, timed="due to the end of the case")
    async with ground.staged("F22", apis=0, workers=0, client_timeout_s=30) as stage:
        await _start_hosts(stage, library)
        while outcome.n < n:
            await _some_naps(stage, outcome)
            for system in SYSTEMS:  # a look-up waits by the ledger's clock
                stage.systems[system].books.set_fault("lose_answer", times=1)
                await stage.driver.start(stage.driver.order(system, review=True))
            await stage.rest()
        outcome.violations += stage.judge()
        ends = await stage.query(
            "SELECT extract(epoch FROM ended_at - (input ->> 'until')::timestamptz), status FROM cases"
            " WHERE process = 'nap'"
        )
    outcome.times = [float(str(late)) for late, _ in ends if late is not None]
    early = sum(late < 0 for late in outcome.times)
    late = sum(late > LATE_S for late in outcome.times)
    if early or late or len(outcome.times) < outcome.n:
        outcome.violations.append(
            Violation("I5", f"{early} of {outcome.n} early, {late} late, {len(outcome.times)} ended")
        )
    return outcome


def _compiled(folder: Path) -> Path | None:
    compiler, library = shutil.which("cc"), folder / "skewed_clock.so"
    if compiler is None:
        return None
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "skewed_clock.c"), "-ldl"]
    return library if subprocess.run(command, check=False).returncode == 0 else None


async def _start_hosts(stage: Stage, library: Path) -> None:
    for skew_s, zone in SKEWS:
        clock = {"LD_PRELOAD": str(library), "GAUNTLET_SKEW_S": str(skew_s), "TZ": zone}
        await stage.hosts.add("worker", environment=clock)
    skew_s, zone = SKEWS[0]
    clock = {"LD_PRELOAD": str(library), "GAUNTLET_SKEW_S": str(-skew_s), "TZ": zone}
    stage.driver.connect((await stage.hosts.add("api", environment=clock)).address)


async def _some_naps(stage: Stage, outcome: Outcome) -> None:
    now = (await stage.query("SELECT clock_timestamp()"))[0][0]
    assert isinstance(now, datetime)
    naps = []
    for _ in range(AT_ONCE):
        outcome.n += 1
        until = now.astimezone(UTC) + timedelta(seconds=stage.rng.uniform(2, 8))
        naps.append(begin(stage, "nap", {"until": until.isoformat()}, number=outcome.n))
    await asyncio.gather(*naps)
    async with asyncio.timeout(60):
        while await stage.number("SELECT count(*) FROM cases WHERE process = 'nap' AND ended_at IS NULL"):
            await asyncio.sleep(0.2)
