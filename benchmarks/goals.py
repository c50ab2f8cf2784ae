"""What the host shall reach, beside what was measured."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from benchmarks.calls import OWN as DOOR
from benchmarks.calls import RAW
from benchmarks.calls_report import cpu_ratio
from benchmarks.cycles import HOST, OWN, SHARED
from benchmarks.rule_engines import DECIDE, ZEN_TRACE
from benchmarks.section import Section, table

Goal = tuple[str, str, str, str]  # what, the goal, the measurement, whether it is met


def tell_goals(results: Mapping[str, Any]) -> Section:
    """Compare the results that are there with their goals."""
    goals = [
        *_cycles(results.get("cycles", [])),
        *_waiting(results.get("waiting", [])),
        *_calls(results.get("calls", [])),
        *_rules(results.get("rules", {"rates": [], "checks": []})),
    ]
    return Section(f"## Goals\n\n{table(('', 'goal', 'measured', 'met'), goals)}")


def _cycles(rows: list[dict[str, Any]]) -> Iterator[Goal]:
    cells = {(row["workers"], row["clients"], row["contender"]): row for row in rows}
    for workers in sorted({row["workers"] for row in rows}):
        where = f"{workers} worker{'s' if workers > 1 else ''}"
        if (workers, 1, HOST) in cells:
            later = cells[workers, 1, HOST]["start_p50_ms"] - cells[workers, 1, OWN]["start_p50_ms"]
            yield _at_most(
                f"start to interrupt p50 above the bare loop's, ms; one client, {where}", 15, later
            )
        if (workers, 32, HOST) in cells:
            host, own, shared = (cells[workers, 32, name] for name in (HOST, OWN, SHARED))
            where = f"32 clients, {where}"
            yield _at_least(f"cycles/s to the bare loop's with a saver each; {where}", 0.8, ratio(host, own))
            yield _at_least(f"cycles/s to the bare loop's with one saver; {where}", 1.5, ratio(host, shared))
            yield _at_most(
                f"CPU to the bare loop's; {where}", 1.7, host["host_cpu_ms"] / own["client_cpu_ms"]
            )


def _waiting(rows: list[dict[str, Any]]) -> Iterator[Goal]:
    for row in rows:
        if row["cases"]:
            where = f"{row['cases']:,} waiting cases"
            yield _at_most(f"bytes of each of {where}, for long", 8192, row["bytes_each"])
            yield _at_most(f"idle CPU, % of a core; {where}", 3, row["idle_cpu_percent"])
            yield _at_most(f"answer to resumed p99, ms; {where}", 250, row["resumed_p99_ms"])


def _calls(rows: list[dict[str, Any]]) -> Iterator[Goal]:
    cells = {(row["transport"], row["clients"], row["contender"]): row for row in rows}
    for transport, clients in sorted({(row["transport"], row["clients"]) for row in rows}):
        what = f"CPU of a tool call to a raw MCP client's; {transport}, {clients} at once"
        door, raw = (cells[transport, clients, name] for name in (DOOR, RAW))
        yield _at_most(what, 1.3, cpu_ratio(door, raw))


def _rules(result: dict[str, Any]) -> Iterator[Goal]:
    rates = {(row["rows"], row["contender"]): row for row in result["rates"]}
    for height in sorted({height for height, _ in rates}):
        what = f"decisions/s to zen-engine's with its trace on; {height:,} rows"
        yield _at_least(what, 1, ratio(rates[height, DECIDE], rates[height, ZEN_TRACE]))
    if result["checks"]:
        slowest = max(result["checks"], key=lambda row: float(row["seconds"]))
        what = f"verification of {slowest['rows']:,} rows with {slowest['inputs']} inputs, s"
        yield _at_most(what, 10, slowest["seconds"])


def ratio(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the median over the rounds of how the rates compare."""
    ratios: list[float] = [a / b for a, b in zip(one["rates"], other["rates"], strict=True)]
    return median(ratios)


def _at_least(what: str, goal: float, measured: float) -> Goal:
    return what, f"at least {goal:g}", f"{measured:,.2f}", "yes" if measured >= goal else "no"


def _at_most(what: str, goal: float, measured: float) -> Goal:
    return what, f"at most {goal:,g}", f"{measured:,.2f}", "yes" if measured <= goal else "no"
