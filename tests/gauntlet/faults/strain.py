"""F17, F28: cases that take their workers down, and cases that ask for more than there is."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, get_args

import httpx
from load import loaded
from oracles import Allowed, Violation
from stage import Stage
from strains import Poison
from trial import Ground, Outcome

STRICT = Path(__file__).parents[1] / "strict_limits.toml"
REST_S = 240.0
MEGABYTE = 1024 * 1024
ALLOWED = Allowed(frozenset({"blind", "poison", "flood"}))
# Beside poison half of the cases notice nothing; some wait for several take-overs, one after the other.
HALF_WITHIN_S, ALL_WITHIN_S = 3.0, 60.0
_OTHERS = """
    SELECT extract(epoch FROM ended_at - created_at) FROM cases
    WHERE process = 'transfer' AND ended_at IS NOT NULL
"""
FLOODS: list[tuple[dict[str, int], str]] = [
    ({"width": 1000}, "fan_out_limit"),
    ({"length": 5000}, "recursion_limit"),
    ({"size": 8 * MEGABYTE}, "state_limit"),
]


async def poisoned_cases(ground: Ground, n: int) -> Outcome:
    """F17: cases that raise, exit, kill and never end are put aside, and the others go on."""
    outcome = Outcome(n=n, timed="start to end of the other cases")
    kinds = get_args(Poison)
    async with ground.staged("F17", environment={"STEWARD_LIMITS": str(STRICT)}) as stage:
        async with loaded(stage, active=2, system="keyed", review=False):
            doses = [{"kind": kinds[number % len(kinds)]} for number in range(n)]
            ids = [await begin(stage, "poison", dose, number=at) for at, dose in enumerate(doses)]
            await _until_no_poison_runs(stage)
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge(ALLOWED)
        rows = await stage.query(
            "SELECT id::text, status, input ->> 'kind', error ->> 'code' FROM cases WHERE process = 'poison'"
        )
        outcome.times = [float(str(row[0])) for row in await stage.query(_OTHERS)]
    loose = [row for row in rows if row[1] != "incident"]
    outcome.violations += [Violation("I9", f"poison {row[2]} is {row[1]}") for row in loose]
    half, longest = median(outcome.times), max(outcome.times)
    if half > HALF_WITHIN_S or longest > ALL_WITHIN_S:
        outcome.violations.append(
            Violation("I11", f"half of the others took {half:.1f} s, the longest {longest:.1f} s")
        )
    outcome.figures["put aside"] = f"{len(ids) - len(loose)} of {len(ids)}"
    outcome.figures["codes"] = ", ".join(sorted({f"{row[2]}: {row[3]}" for row in rows}))
    return outcome


async def _until_no_poison_runs(stage: Stage) -> None:
    async with asyncio.timeout(REST_S):
        while await stage.number(
            "SELECT count(*) FROM cases WHERE process = 'poison' AND status = 'running'"
        ):
            await asyncio.sleep(0.5)


async def begin(stage: Stage, process: str, input_: dict[str, Any], *, number: int) -> str:
    """Start a case of one of the straining processes and return its id."""
    reference = f"{process}-{number}"

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        body = {"input": {"reference": reference, "system": process, **input_}}
        headers = {"Idempotency-Key": reference}
        return await client.post(f"/v1/processes/{process}/cases", json=body, headers=headers)

    response = await stage.driver.settled("start", reference, send)
    assert response is not None
    assert response.is_success, response.text
    return str(response.json()["id"])


async def too_much(ground: Ground, n: int) -> Outcome:
    """F28: what is too large or cannot be kept is refused by name, and exact decimals stay exact."""
    outcome = Outcome(n=0)
    async with ground.staged("F28", client_timeout_s=60) as stage:
        for round_ in range(n):
            for body, statuses in _bodies(stage):
                outcome.violations += await _refused(stage, body, statuses)
                outcome.n += 1
            for at, (flood, code) in enumerate(FLOODS):
                outcome.violations += await _stopped(stage, flood, code=code, number=round_ * 10 + at)
                outcome.n += 1
            outcome.violations += await _stays_exact(stage)
            outcome.n += 1
        outcome.violations += stage.judge(ALLOWED)
    return outcome


def _bodies(stage: Stage) -> list[tuple[bytes, set[int]]]:
    """Bodies of a start that must be refused, each with the status that says so."""
    order = json.dumps({"input": stage.driver.order("keyed").input()})

    def having(reference: str) -> bytes:
        start, _, rest = order.partition('"reference": "')
        return f'{start}"reference": {reference}{rest.partition(chr(34))[2]}'.encode()

    large = [(having(f'"{"x" * size * MEGABYTE}"'), {413}) for size in (1, 9, 50)]
    return [
        *large,
        (having('"a\\u0000b"'), {422}),
        (having('"a\\ud800b"'), {422}),
        (having("1e400"), {422}),
        (having("NaN"), {422}),
        (having("[" * 100_000), {422}),
        (order.encode().replace(b'"amount": "', b'"amount": "-'), {422}),
        (order.encode()[:-3], {422}),
    ]


async def _refused(stage: Stage, body: bytes, statuses: set[int]) -> list[Violation]:
    async def send(client: httpx.AsyncClient) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return await client.post("/v1/processes/transfer/cases", content=body, headers=headers)

    response = await stage.driver.once("strain", body[:60].decode(), send)
    if response is None or response.status_code not in statuses:
        return [Violation("I9", f"{body[:60]!r} got {response and response.status_code}, not {statuses}")]
    return []


async def _stopped(stage: Stage, flood: dict[str, int], *, code: str, number: int) -> list[Violation]:
    case = await begin(stage, "flood", flood, number=number)
    await stage.rest()
    rows = await stage.query("SELECT status, error ->> 'code' FROM cases WHERE id::text = %s", case)
    return [] if rows == [("incident", code)] else [Violation("I9", f"{flood} ended as {rows}")]


async def _stays_exact(stage: Stage) -> list[Violation]:
    """An amount of more digits than a float holds arrives outside as it was sent."""
    order = stage.driver.order("keyed", review=False)
    exact = Decimal("9007199254740993.01")

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        body = {"input": order.input() | {"amount": str(exact)}}
        return await client.post("/v1/processes/transfer/cases", json=body)

    await stage.driver.settled("start", order.reference, send)
    await stage.rest()
    rows = stage.systems["keyed"].books.find_transfers(order.reference)
    arrived = [row["amount"] for row in rows]
    return [] if arrived == [str(exact)] else [Violation("I9", f"{exact} arrived as {arrived}")]
