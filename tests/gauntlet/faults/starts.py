"""F18: many starts of one case at once."""

import asyncio

import httpx
from oracles import Violation
from stage import Stage
from trial import Ground, Outcome

AT_ONCE = 50
PATH = "/v1/processes/transfer/cases"


async def duplicates(ground: Ground, n: int) -> Outcome:
    """F18: the same key fifty times at once: with the same body, another body, and from somebody else."""
    outcome = Outcome(n=0)
    async with ground.staged("F18") as stage:
        for _ in range(n):
            outcome.violations += await _same_at_once(stage)
            outcome.violations += await _others(stage)
            outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
    outcome.figures["requests"] = str(len(stage.driver.history.operations))
    return outcome


async def _same_at_once(stage: Stage) -> list[Violation]:
    order = stage.driver.order(review=False)
    starts = [_start(stage, order.reference, order.input(), actor="anna") for _ in range(AT_ONCE)]
    responses = await asyncio.gather(*starts)
    created = sum(response.status_code == httpx.codes.CREATED for response in responses)
    ids = {response.json().get("id") for response in responses}
    if created != 1 or len(ids) != 1:
        return [Violation("I1", f"{AT_ONCE} starts of {order.reference} made {created} cases: {ids}")]
    return []


async def _others(stage: Stage) -> list[Violation]:
    """The key of an order again: with another body it is refused, from another actor it is another key."""
    order, other = stage.driver.order(review=False), stage.driver.order(review=False)
    first = await _start(stage, order.reference, order.input(), actor="anna")
    changed = await _start(stage, order.reference, other.input(), actor="anna")
    foreign = await _start(stage, order.reference, other.input(), actor="ben")
    if changed.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
        return [Violation("I1", f"another body under {order.reference} was answered {changed.status_code}")]
    if foreign.status_code != httpx.codes.CREATED or foreign.json()["id"] == first.json()["id"]:
        return [Violation("I1", f"ben got anna's case of {order.reference}")]
    return []


async def _start(stage: Stage, key: str, input_: dict[str, object], *, actor: str) -> httpx.Response:
    headers = {"Idempotency-Key": key, "Steward-Actor": actor}

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(PATH, json={"input": input_}, headers=headers)

    subject = str(input_["reference"])
    response = await stage.driver.settled("start", subject, send, actor=actor)
    assert response is not None, "no API process answers"
    return response
