"""F13, F31, F32: answers that get lost, that race, and that nobody may give."""

import asyncio
import signal
import uuid

import httpx
from driver import SYSTEMS, Driver
from faults.operators import intervene
from load import loaded
from oracles import Violation
from stage import BEHIND_OUR_SERVER, Stage
from trial import Ground, Outcome
from trytons import INSTALLED, MISSING

_GIVEN_UP = (
    "SELECT id::text FROM cases WHERE status = 'incident' AND input ->> 'system' IN ('keyed', 'tryton')"
)
CROWDS = (2, 20)
LARGE_CROWD = 200
ACTIVE = 10
PATIENT_S = 600.0


async def lost_answers(ground: Ground, n: int) -> Outcome:
    """F13: the system applies the effect, and its answer never comes."""
    async with ground.staged("F13", system_proxies=True) as stage:
        for system in SYSTEMS:
            trouble = stage.proxies[system].trouble
            trouble.request, trouble.lose_answer = b'"transfer"', 0.5
        async with loaded(stage, active=ACTIVE, review=False):
            while sum(proxy.injected for proxy in stage.proxies.values()) < n:
                await asyncio.sleep(0.1)
        lost = {system: stage.proxies[system].injected for system in SYSTEMS}
        for system in SYSTEMS:
            stage.proxies[system].trouble.lose_answer = 0
        rested = await stage.rest()
        given_up = await stage.query(_GIVEN_UP)
        for (case,) in given_up:
            await intervene(stage, str(case), "retry")
        rested = await stage.rest() and rested
        evidence = stage.collect()
        outcome = Outcome(n=sum(lost.values()), violations=stage.judge())
    outcome.figures["keyed, given up after five tries and retried by a person"] = str(len(given_up))
    if not rested:
        outcome.violations.append(Violation("I5", "no rest after the last lost answer"))
    for system in SYSTEMS:
        of_system = [case for case in evidence.cases if case["input"]["system"] == system]
        incidents = sum(case["status"] == "incident" for case in of_system)
        outcome.figures[system] = f"{lost[system]} lost, {incidents} incidents"
        if system == "blind" and incidents != lost[system]:
            outcome.violations.append(Violation("I3", f"{lost[system]} lost answers, {incidents} incidents"))
    return outcome


async def lost_answers_on_tryton(ground: Ground, n: int) -> Outcome:
    """F13-tryton: Tryton books, and its answer, or that of our server over it, never comes."""
    if not INSTALLED:
        return Outcome(n=0, skipped=MISSING)
    async with ground.staged("F13-tryton", system_proxies=True, tryton=True) as stage:
        ours, theirs = stage.proxies["tryton"], stage.proxies[BEHIND_OUR_SERVER]
        ours.trouble.request, ours.trouble.lose_answer = b'"book_invoice"', 0.4
        theirs.trouble.request, theirs.trouble.lose_answer = b"POST /steward/rest/model/account.invoice/", 0.1
        theirs.trouble.answer = b" 200 "
        async with loaded(stage, active=3, system="tryton", review=False):
            while ours.injected + theirs.injected < n:
                await asyncio.sleep(0.1)
        ours.trouble.lose_answer = theirs.trouble.lose_answer = 0
        rested = await stage.rest(within_s=PATIENT_S)
        given_up = await stage.query(_GIVEN_UP)
        for (case,) in given_up:
            await intervene(stage, str(case), "retry")
        rested = await stage.rest(within_s=PATIENT_S) and rested
        outcome = Outcome(n=ours.injected + theirs.injected, violations=stage.judge())
        outcome.figures["invoices"] = str(len(stage.systems["tryton"].books.applied()))
    outcome.figures["lost to our server"] = str(theirs.injected)
    outcome.figures["lost to the host"] = str(ours.injected)
    outcome.figures["given up after five tries and retried by a person"] = str(len(given_up))
    if not rested:
        outcome.violations.append(Violation("I5", "no rest after the last lost answer"))
    return outcome


async def races(ground: Ground, n: int) -> Outcome:
    """F31: many people answer one review at once, now and then while workers and an API process die."""
    outcome = Outcome(n=0)
    async with ground.staged("F31") as stage:
        while outcome.n < n:
            crowd = LARGE_CROWD if outcome.n % 50 == 49 else CROWDS[outcome.n % len(CROWDS)]
            outcome.violations += await _race(stage, crowd, with_kill=outcome.n % 5 == 4)
            outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest after the races"))
        evidence = stage.collect()
        outcome.violations += stage.judge()
    resumed = [run for run in evidence.runs if run["kind"] == "resume"]
    if len(resumed) != outcome.n:
        outcome.violations.append(Violation("I4", f"{len(resumed)} resumes after {outcome.n} races"))
    outcome.figures["winners"] = f"{sum(1 for _ in stage.driver.history.of('answer', 'ok'))} of {outcome.n}"
    return outcome


async def _race(stage: Stage, crowd: int, *, with_kill: bool) -> list[Violation]:
    case = await stage.driver.start(stage.driver.order("keyed", review=True))
    review = await opened_review(stage, case or "")
    people = [f"person-{number}" for number in range(crowd)]
    answering = asyncio.gather(*(stage.driver.answer(review, actor=person) for person in people))
    if with_kill:
        await asyncio.sleep(stage.rng.uniform(0, 0.05))
        stage.hosts.send(stage.rng.choice(stage.hosts.workers), signal.SIGKILL)
    statuses = await answering
    if sorted(set(statuses) - {200, 409}, key=str) or statuses.count(200) != 1:
        return [
            Violation("I4", f"{crowd} answers to {review} got {statuses.count(200)} times 200: {statuses}")
        ]
    return []


async def opened_review(stage: Stage, case: str) -> str:
    """Wait until the case has asked."""
    for _ in range(3000):
        rows = await stage.query(
            "SELECT id::text FROM reviews WHERE case_id::text = %s AND status = 'open'", case
        )
        if rows:
            return str(rows[0][0])
        await asyncio.sleep(0.01)
    raise RuntimeError(f"case {case} does not ask")


async def refused_answers(ground: Ground, n: int) -> Outcome:
    """F32: answers that are replayed, forged, of another form or for another review change nothing."""
    outcome = Outcome(n=0)
    async with ground.staged("F32") as stage:
        while outcome.n < n:
            case = await stage.driver.start(stage.driver.order(review=True))
            review = await opened_review(stage, case or "")
            for path, body in _forgeries(review):
                outcome.violations += await _refused(stage.driver, path, body)
                outcome.n += 1
            await stage.driver.answer(review, actor="anna")
            outcome.violations += await _refused(
                stage.driver, f"/v1/reviews/{review}/answer", {"answer": {"approved": False}}
            )
            outcome.n += 1
        if not await stage.rest():
            outcome.violations.append(Violation("I5", "no rest"))
        outcome.violations += stage.judge()
    return outcome


def _forgeries(review: str) -> list[tuple[str, object]]:
    path = f"/v1/reviews/{review}/answer"
    return [
        (f"/v1/reviews/{uuid.uuid4()}/answer", {"answer": {"approved": True}}),
        ("/v1/reviews/none/answer", {"answer": {"approved": True}}),
        (path, {"answer": {"approved": "perhaps"}}),
        (path, {"answer": {}}),
        (path, {"answer": "yes"}),
        (path, {"answer": None}),
        (path, {}),
        (path, {"answer": {"approved": True}, "actor": "cfo"}),
        (path, ["approved"]),
    ]


async def _refused(driver: Driver, path: str, body: object) -> list[Violation]:
    async def send(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, json=body, headers={"Steward-Actor": "mallory"})

    response = await driver.once("forge", path, send)
    if response is None or not 400 <= response.status_code < 500:
        return [Violation("I4", f"{body} to {path} was answered {response and response.status_code}")]
    return []
