"""`make bench`: measure, keep the results, write the page."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.calls import measure_calls
from benchmarks.cycles import measure_cycles
from benchmarks.growth import measure_growth
from benchmarks.permissions import measure_permissions
from benchmarks.quotas import measure_quotas
from benchmarks.report import keep_result, write_report
from benchmarks.rules import measure_rules
from benchmarks.saver import measure_savers
from benchmarks.stage import Stage, set_stage
from benchmarks.waiting import measure_waiting

Benchmark = Callable[[Stage], Awaitable[Any]]

BENCHMARKS: dict[str, Benchmark] = {
    "cycles": lambda stage: measure_cycles(stage, rounds=3, cycles=128),
    "saver": lambda stage: measure_savers(stage, rounds=4, cycles=96),
    "growth": measure_growth,
    "waiting": measure_waiting,
    "permissions": measure_permissions,
    "quotas": measure_quotas,
    "calls": measure_calls,
    "rules": lambda _: measure_rules(),
}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all, each on a database of its own, and write the page anew."""
    if unknown := sorted(set(names) - BENCHMARKS.keys() - {"report"}):
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as folder:
        for name in names or BENCHMARKS:
            if name != "report":
                keep_result(name, asyncio.run(_run(BENCHMARKS[name], Path(folder), name)))
    write_report()


async def _run(benchmark: Benchmark, folder: Path, name: str) -> Any:
    async with set_stage(folder, name) as stage:
        return await benchmark(stage)


if __name__ == "__main__":
    main(sys.argv[1:])
