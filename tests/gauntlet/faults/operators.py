"""F43: operators who intervene while cases run, are answered and take effect."""

import asyncio
import contextlib

import httpx
from load import loaded
from oracles import Violation
from stage import Stage
from trial import Ground, Outcome

ACTIONS = ("suspend", "resume", "cancel", "retry", "suspend", "resume")
LEGAL = {200, 404, 409}
ACTIVE = 12
AT_ONCE = 6
_SUSPENDED = "SELECT id::text FROM cases WHERE status = 'suspended'"


async def interventions(ground: Ground, n: int) -> Outcome:
    """F43: every intervention is a legal transition or a 409, and no effect happens twice for it."""
    outcome = Outcome(n=0)
    async with ground.staged("F43") as stage:
        async with loaded(stage, active=ACTIVE):
            while outcome.n < n:
                outcome.violations += await _intervene_at_once(stage)
                outcome.n += AT_ONCE
        outcome.figures["answered"] = _answered(stage)
        await _resume_all(stage)
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
        rows = await stage.query("SELECT status, count(*) FROM cases GROUP BY 1 ORDER BY 1")
        outcome.figures["cases"] = ", ".join(f"{count} {status}" for status, count in rows)
    return outcome


async def _intervene_at_once(stage: Stage) -> list[Violation]:
    rows = await stage.query(
        "SELECT id::text FROM cases WHERE ended_at IS NULL OR status = 'incident'"
        " ORDER BY updated_at DESC LIMIT 12"
    )
    if not rows:
        await asyncio.sleep(0.05)
        return []
    chosen = [(str(stage.rng.choice(rows)[0]), stage.rng.choice(ACTIONS)) for _ in range(AT_ONCE)]
    statuses = await asyncio.gather(*(intervene(stage, case, action) for case, action in chosen))
    return [
        Violation("I5", f"{action} of {case} was answered {status}")
        for (case, action), status in zip(chosen, statuses, strict=True)
        if status not in LEGAL
    ]


async def intervene(stage: Stage, case: str, action: str) -> int | None:
    """Do something to a case and return the status; None when no answer came."""

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        body = {"reason": "the gauntlet"}
        return await client.post(f"/v1/cases/{case}/{action}", json=body, headers={"Steward-Actor": "olga"})

    response = await stage.driver.once(action, case, send)
    return None if response is None else response.status_code


async def _resume_all(stage: Stage) -> None:
    for (case,) in await stage.query(_SUSPENDED):
        with contextlib.suppress(httpx.TransportError):
            await intervene(stage, str(case), "resume")


def _answered(stage: Stage) -> str:
    done = sum(1 for one in stage.driver.history.operations if one.action in ACTIONS and one.status == 200)
    refused = sum(1 for one in stage.driver.history.operations if one.action in ACTIONS and one.status == 409)
    return f"{done} done, {refused} refused"
