"""What quotas cost where the intent of an effect is committed, on one row and on many."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.load import percentile
from benchmarks.section import Section, table
from benchmarks.stage import Stage
from server.engine.ledger import PostgresLedger
from server.engine.quotas import FILE, Quotas
from server.storage.database import Database
from server.storage.runs import Claim
from tools.ports import Call, Verdict

PERMITTED = Verdict(allowed=True, reason="a benchmark")
QUOTA = """
[quota_{number}]
tools = ["erp.schedule_payment"]
amount = "arguments.amount"
per = ["arguments.supplier"]
window = "day"
limit = "1000000000.00"
"""
Row = dict[str, Any]


async def measure_quotas(
    stage: Stage,
    *,
    calls: int = 600,
    rounds: int = 3,
    quotas: Sequence[int] = (0, 1, 3),
    at_once: Sequence[int] = (1, 8, 32),
) -> list[Row]:
    """Return a row for each number of quotas and of calls at once, about one supplier and about many."""
    rows: list[Row] = []
    async with Database(stage.url, size=max(at_once)) as database:
        case = await new_case(database)
        keys = count()
        for clients in at_once:
            times: dict[tuple[int, bool], list[list[float]]] = {}
            spans: dict[tuple[int, bool], float] = {}
            for _ in range(rounds):
                for number in quotas:
                    for one in (False, True) if number else (False,):
                        ledger = PostgresLedger(database, case, quotas=_quotas(stage.folder, number))
                        began = time.perf_counter()
                        taken = await _drive(ledger, keys, calls=calls, clients=clients, one=one)
                        spans[number, one] = spans.get((number, one), 0) + time.perf_counter() - began
                        times.setdefault((number, one), []).append(taken)
            rows += [
                _row(number, one, clients, [each for taken in lists for each in taken], spans[number, one])
                for (number, one), lists in times.items()
            ]
    return rows


def tell_quotas(rows: list[Row]) -> Section:
    """Show what each number of quotas costs at each number of calls at once."""
    lines = [
        [
            f"{row['clients']} at once, {row['quotas']} quotas{', one row' if row['one'] else ''}",
            f"{row['rate']:,.0f}",
            row["p50_ms"],
            row["p99_ms"],
        ]
        for row in rows
    ]
    text = (
        "## Quotas\n\nCommitting the intent of an effect, with the fence, the ledger's row and the audit "
        "entry, under so many quotas. Each call counts for a supplier of its own, or, with one row, all for "
        "the same: then each waits for the commit of the one before.\n\n"
        f"{table(('', 'intents/s', 'p50 ms', 'p99 ms'), lines)}"
    )
    return Section(text)


def _row(number: int, one: bool, clients: int, taken: list[float], span: float) -> Row:
    return {
        "quotas": number,
        "one": one,
        "clients": clients,
        "rate": round(len(taken) / span, 1),
        "p50_ms": round(1000 * percentile(taken, 50), 2),
        "p99_ms": round(1000 * percentile(taken, 99), 2),
    }


async def _drive(
    ledger: PostgresLedger, keys: Iterator[int], *, calls: int, clients: int, one: bool
) -> list[float]:
    """Commit that many intents, so many at once, and return the seconds of each."""
    left = iter(range(calls))

    async def work() -> list[float]:
        taken = []
        for _ in left:
            call = _call(next(keys), one=one)
            began = time.perf_counter()
            await ledger.begin(call, PERMITTED)
            taken.append(time.perf_counter() - began)
        return taken

    return [each for taken in await asyncio.gather(*(work() for _ in range(clients))) for each in taken]


def _call(number: int, *, one: bool) -> Call:
    return Call(
        server="erp",
        tool="schedule_payment",
        arguments={"amount": "1.00", "supplier": "one" if one else f"S-{number}", "entry": f"JE-{number}"},
        digest="0" * 64,
        contract="keyed",
        key=f"effect/{number}",
        sandbox=True,
        case=None,
        step=None,
    )


def _quotas(folder: Path, number: int) -> Quotas:
    (folder / FILE).write_text("".join(QUOTA.format(number=each) for each in range(number)))
    return Quotas(folder)


async def new_case(database: Database) -> Claim:
    case_id = uuid4()
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO cases (id, process, input, started_by) VALUES (%s, 'purchase', '{}', 'bench')",
            (case_id,),
        )
    return Claim(
        run_id=uuid4(),
        case_id=case_id,
        kind="start",
        process="purchase",
        version="",
        attempt=0,
        fresh=True,
        worker=0,
        input={},
        resume=None,
        tables={},
        started_by="bench",
    )
