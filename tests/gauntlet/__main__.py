"""`make gauntlet`: inject faults into the whole system, judge by what the other systems recorded.

`T` names one fault, `smoke`, or `all`; `N` scales the counts.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import report
from catalogue import ALL
from postmaster import Postmaster
from trial import Fault, Ground, Outcome

SMOKE_LIMIT_S = 360


def main() -> None:
    arguments = _arguments()
    chosen = _chosen(arguments.what)
    results = report.Results(arguments.results)
    with _work_folder() as folder:
        ground = Ground(Postmaster(folder / "postgres"), folder, arguments.seed)
        ground.postmaster.start()
        try:
            broken = [fault.name for fault in chosen if not _run(fault, ground, arguments, results)]
        finally:
            ground.postmaster.stop()
        if broken:
            raise SystemExit(f"not as it must be: {', '.join(broken)}; what happened stands in {folder}")


@contextmanager
def _work_folder() -> Iterator[Path]:
    """A folder for logs, histories and databases; it stays when the run does not end well."""
    folder = Path(tempfile.mkdtemp(prefix="gauntlet-"))
    folder.chmod(0o755)  # PostgreSQL runs under an account of its own
    yield folder
    shutil.rmtree(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gauntlet", description=__doc__)
    parser.add_argument("what", nargs="?", default="all", help="all, smoke, or a fault such as F3")
    parser.add_argument("--scale", type=float, default=1.0, help="of every count, 0.1 is a tenth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=report.RESULTS)
    return parser.parse_args()


def _chosen(what: str) -> list[Fault]:
    if what == "all":
        return ALL
    if what == "smoke":
        return [fault for fault in ALL if fault.smoke]
    chosen = [fault for fault in ALL if fault.name == what]
    if not chosen:
        raise SystemExit(f"there is no fault {what}: {', '.join(fault.name for fault in ALL)}")
    return chosen


def _run(fault: Fault, ground: Ground, arguments: argparse.Namespace, results: report.Results) -> bool:
    """Run one trial, and say whether it went as it must."""
    smoke = arguments.what == "smoke"
    if arguments.what == "all" and results.has(fault, seed=arguments.seed, scale=arguments.scale):
        sys.stdout.write(f"{fault.name}: done before\n")
        return True
    n = fault.smoke if smoke else max(1, round(fault.n * arguments.scale))
    began = time.monotonic()
    outcome = asyncio.run(fault.trial(replace(ground, without=fault.without), n))
    seconds = time.monotonic() - began
    _print(fault, outcome, seconds=seconds)
    if not smoke:
        results.keep(fault, outcome, seed=arguments.seed, scale=arguments.scale, seconds=seconds)
    return fault.passed(outcome)


def _print(fault: Fault, outcome: Outcome, *, seconds: float) -> None:
    sys.stdout.write(report.line(fault, outcome, seconds=seconds) + "\n")
    for violation in outcome.violations[:20]:
        sys.stdout.write(f"    {violation.invariant}: {violation.what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
