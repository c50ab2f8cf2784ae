"""Cases that wait: the room they take, what they cost an idle host, and how fast an answer wakes one."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from benchmarks.client import Client
from benchmarks.copies import copy_case, table_bytes
from benchmarks.load import percentile
from benchmarks.reference import cases
from benchmarks.stage import HostProcess, Stage, api, workers
from server.storage.retention import prune_waiting

_RESUMED = """
    SELECT extract(epoch FROM started_at - created_at)::float8 AS seconds FROM runs
    WHERE kind = 'resume' AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT %s
"""


async def measure_waiting(
    stage: Stage,
    *,
    counts: Sequence[int] = (0, 10_000, 100_000),
    fresh: int = 200,
    answers: int = 200,
    idle_s: float = 15,
    settle_s: float = 5,
) -> list[dict[str, Any]]:
    """Return a row for each number of waiting cases, which grows; they have waited for long.

    `fresh_bytes` is the room of a case that came to rest just now, of which there are some beside them.
    """
    rows: list[dict[str, Any]] = []
    with api(stage) as (_, address):
        async with workers(stage, count=1, concurrency=8), Client(address) as client:
            (input_,) = cases(1)
            original = UUID((await client.start(input_))["id"])
            await prune_waiting(stage.database, keep_days=0)
            just_now = UUID((await client.start(input_))["id"])
    fresh_bytes = (await _copy(stage, just_now, count=fresh))["bytes_each"]
    for more in [count - before for before, count in zip([0, *counts], counts, strict=False)]:
        room = await _copy(stage, original, count=more)
        cases_before = rows[-1]["cases"] if rows else 0
        rows.append({"cases": cases_before + more, "fresh_bytes": fresh_bytes, **room})
        rows[-1] |= await _measure_host(stage, original, answers=answers, idle_s=idle_s, settle_s=settle_s)
    return rows


async def _copy(stage: Stage, original: UUID, *, count: int) -> dict[str, Any]:
    """Copy the case and say what room a copy takes, in all and by table."""
    if count == 0:
        return {"bytes_each": None, "tables": {}}
    async with stage.database.connection() as connection:
        before = await table_bytes(connection)
        await copy_case(connection, original, count=count)
        after = await table_bytes(connection)
    each = {name: round((after[name] - before[name]) / count) for name in after}
    return {
        "bytes_each": sum(each.values()),
        "tables": {name: size for name, size in sorted(each.items()) if size > 0},
    }


async def _measure_host(
    stage: Stage, original: UUID, *, answers: int, idle_s: float, settle_s: float
) -> dict[str, Any]:
    begun = time.perf_counter()
    with api(stage) as (server, address):
        async with workers(stage, count=1, concurrency=8) as working, Client(address) as client:
            started_s = time.perf_counter() - begun
            await asyncio.sleep(settle_s)  # what belongs to the start is over
            idle = await _idle_share(stage, [server, *working], idle_s=idle_s)
            latencies = await _answer(client, count=answers, spare=original)
            async with stage.database.connection() as connection:
                found = await (await connection.execute(_RESUMED, (len(latencies),))).fetchall()
    resumed = [row["seconds"] for row in found]
    return {
        "start_s": round(started_s, 2),
        "idle_cpu_percent": round(100 * idle, 2),
        **{f"resumed_p{one}_ms": round(1000 * percentile(resumed, one), 1) for one in (50, 99)},
        **{f"ended_p{one}_ms": round(1000 * percentile(latencies, one), 1) for one in (50, 99)},
    }


async def _idle_share(stage: Stage, host: list[HostProcess], *, idle_s: float) -> float:
    """Return the share of one core that the host takes while nobody asks it for anything."""
    before = await stage.usage(*host)
    await asyncio.sleep(idle_s)
    return (await stage.usage(*host) - before).host_cpu / idle_s


async def _answer(client: Client, *, count: int, spare: UUID) -> list[float]:
    """Answer waiting cases, but the one to spare, and return how long each took to its end, in seconds."""
    latencies: list[float] = []
    for number in range(count):
        if number % 100 == 0:
            page = await client.request("GET", "/v1/reviews?limit=101")
            open_reviews = [review for review in page["items"] if review["case_id"] != str(spare)]
        if not open_reviews:
            (input_,) = cases(1)
            open_reviews = (await client.start(input_))["reviews"]
        review = open_reviews.pop()
        begun = time.perf_counter()
        await client.answer({"id": review["case_id"], "reviews": [review]})
        latencies.append(time.perf_counter() - begun)
    return latencies
