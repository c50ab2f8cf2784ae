"""Decisions a second beside other engines, and how long verification takes."""

import time
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Any

from benchmarks.rule_engines import Engine, make_engines
from benchmarks.rule_tables import Facts, Rows, draw_rows
from rules.verify import check_table

_SIZES = {20: (4, 2), 1000: (12, 6)}  # rows: inputs, and cells of a row
_ASKED = 200
_AT_ONCE = 5  # questions between two looks at the clock


async def measure_rules(
    *, rounds: int = 5, turn_s: float = 1.0, heights: Sequence[int] = (20, 1000)
) -> dict[str, Any]:
    """Ask every engine turn by turn, on tables of so many rows, and verify tables of the largest size.

    Raises:
        ValueError: engines decide a case differently.
    """
    rates = [row for height in heights for row in _rates(height, rounds=rounds, turn_s=turn_s)]
    return {"rates": rates, "checks": [_check(heights[-1], seed) for seed in range(rounds)]}


def _rates(height: int, *, rounds: int, turn_s: float) -> list[dict[str, Any]]:
    random = Random(height)  # noqa: S311  # nothing is secret here
    rows = _draw(random, height)
    facts = rows.facts(random, _ASKED)
    engines = make_engines(rows)
    _refuse_differences(engines, facts[:20])
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            rates[name].append(_rate(engine, facts, turn_s))
    return [
        {
            "rows": height,
            "inputs": len(rows.inputs),
            "contender": name,
            "rate": round(median(them), 1),
            "rates": them,
        }
        for name, them in rates.items()
    ]


def _draw(random: Random, height: int) -> Rows:
    inputs, cells = _SIZES[height]
    return draw_rows(random, inputs=inputs, height=height, cells=cells)


def _refuse_differences(engines: dict[str, Engine], facts: Sequence[Facts]) -> None:
    for one in facts:
        told = {name: ask(given(one)) for name, (given, ask) in engines.items()}
        if len(set(told.values())) > 1:
            raise ValueError(f"of {one} engines say {told}")


def _rate(engine: Engine, facts: Sequence[Facts], turn_s: float) -> float:
    """Decisions a second of CPU; the facts are made ready before."""
    given, ask = engine
    ready = [given(one) for one in facts]
    asked, start = 0, time.process_time()
    while (spent := time.process_time() - start) < turn_s:
        for one in ready[asked % len(ready) :][:_AT_ONCE]:
            ask(one)
            asked += 1
    return round(asked / spent, 1)


def _check(height: int, seed: int) -> dict[str, Any]:
    table = _draw(Random(seed), height).read()  # noqa: S311  # as above
    start = time.process_time()
    flaws = check_table(table)
    return {
        "rows": height,
        "inputs": len(table.inputs),
        "seconds": round(time.process_time() - start, 2),
        "flaws": len(flaws),
        "not_proved": sum(not flaw.proved for flaw in flaws),
    }
