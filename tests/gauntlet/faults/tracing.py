"""F39: the place where traces go is down, and hangs."""

import asyncio
import random
import time

from oracles import Violation
from proxies import Proxy, Trouble
from stage import Stage
from trial import Ground, Outcome

AT_ONCE = 8
WARM_UP = 16
LEAST_SHARE = 0.8  # what else the machine does may take a tenth or two


async def sinks_in_trouble(ground: Ground, n: int) -> Outcome:
    """F39: as many cases without traces, with a sink that refuses, and with one that says nothing."""
    outcome = Outcome(n=n)
    rates = {}
    for name, refuses in (("without traces", None), ("sink down", True), ("sink hangs", False)):
        rates[name] = await _rate(ground, n, refuses=refuses, outcome=outcome)
    outcome.figures = {f"cases/s, {name}": f"{rate:.1f}" for name, rate in rates.items()}
    plain = rates.pop("without traces")
    outcome.violations += [
        Violation("I10", f"{name}: {rate:.1f} cases/s, and {plain:.1f} without traces")
        for name, rate in rates.items()
        if rate < LEAST_SHARE * plain
    ]
    return outcome


async def _rate(ground: Ground, n: int, *, refuses: bool | None, outcome: Outcome) -> float:
    async with Proxy(("127.0.0.1", 9), rng=random.Random(ground.seed)).listening() as sink:
        sink.trouble = Trouble(black_hole=True)
        port = 9 if refuses else sink.port
        environment = {
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_API_KEY": "none",
            "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{port}",
        }
        async with ground.staged("F39", environment={} if refuses is None else environment) as stage:
            await _work(stage, WARM_UP)
            began = time.monotonic()
            await _work(stage, n)
            rate = n / (time.monotonic() - began)
            outcome.violations += stage.judge()
    return rate


async def _work(stage: Stage, n: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def case() -> None:
        async with slots:
            id_ = await stage.driver.start(stage.driver.order("keyed", review=False))
            while await stage.number(
                "SELECT count(*) FROM cases WHERE id::text = %s AND ended_at IS NULL", id_
            ):
                await asyncio.sleep(0.05)

    await asyncio.gather(*(case() for _ in range(n)))
