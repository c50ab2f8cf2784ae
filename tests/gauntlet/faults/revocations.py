"""F35: a right is taken away while cases run, and given back, over and over."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from load import loaded
from oracles import Allowed, Violation
from stage import HERE, Stage
from trial import Ground, Outcome

ACTIVE = 6
DENIED_WITHIN_S = 5.0
FLOWS_WITHIN_S = 30.0
QUOTA = """
[transfers]
tools = ["keyed.transfer"]
amount = "arguments.amount"
currency = "arguments.currency"
window = "ever"
limit = {{{limits}}}
"""


@dataclass(frozen=True)
class Right:
    """A file that lets the transfers pass, and how it reads when it does not."""

    file: str
    given: str
    taken: str


PLENTY = QUOTA.format(limits='EUR = "1000000000.00"')
PERMIT = (HERE / "policies" / "transfer.cedar").read_text()
RIGHTS = {
    "permit taken away": Right("transfer.cedar", PERMIT, ""),
    "policy broken": Right("transfer.cedar", PERMIT, "permit"),
    "limit below what is used": Right("quotas.toml", PLENTY, QUOTA.format(limits='EUR = "0.01"')),
    "no limit in the currency": Right("quotas.toml", PLENTY, QUOTA.format(limits='USD = "1.00"')),
    "file broken": Right("quotas.toml", PLENTY, "[transfers"),
}


async def revoked(ground: Ground, n: int) -> Outcome:
    """F35: five seconds after a right is taken away nothing arrives any more, wherever a case stood."""
    outcome = Outcome(n=0, timed="a right taken away to the last effect")
    folder = ground.folder / "F35-policies"
    folder.mkdir(exist_ok=True)
    for right in RIGHTS.values():
        (folder / right.file).write_text(right.given)
    async with ground.staged("F35", workers=2, environment={"STEWARD_POLICIES": str(folder)}) as stage:
        async with loaded(stage, active=ACTIVE, system="keyed"):
            for round_ in range(n):
                name = list(RIGHTS)[round_ % len(RIGHTS)]
                outcome.violations += await _flowing(stage, since=time.time())
                await asyncio.sleep(stage.rng.uniform(0, 0.5))
                outcome.times.append(await _taken_away(stage, folder, RIGHTS[name]))
                if outcome.times[-1] > DENIED_WITHIN_S:
                    outcome.violations.append(Violation("I7", f"{name}: {outcome.times[-1]:.1f} s"))
                outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge(Allowed(incidents=frozenset({"keyed"})))
        outcome.figures["refused"] = str(
            await stage.number(
                "SELECT count(*) FROM audit_entries WHERE action IN ('effect_refused', 'call_denied')"
            )
        )
    return outcome


async def _taken_away(stage: Stage, folder: Path, right: Right) -> float:
    """Take the right away for a while, and say how long after that something arrived."""
    (folder / right.file).write_text(right.taken)
    taken_at = time.time()
    await asyncio.sleep(DENIED_WITHIN_S + 1)
    arrived = await _last_arrival(stage)
    (folder / right.file).write_text(right.given)
    return max(0.0, arrived - taken_at)


async def _flowing(stage: Stage, *, since: float) -> list[Violation]:
    """Wait until something arrives again."""
    deadline = time.monotonic() + FLOWS_WITHIN_S
    while time.monotonic() < deadline:
        if await _last_arrival(stage) > since:
            return []
        await asyncio.sleep(0.05)
    return [Violation("I5", "nothing arrives although the right is given")]


async def _last_arrival(stage: Stage) -> float:
    rows = await asyncio.to_thread(
        stage.systems["keyed"].books.rows, "SELECT COALESCE(max(arrived_at), 0) AS at FROM transfers"
    )
    return float(rows[0]["at"])
