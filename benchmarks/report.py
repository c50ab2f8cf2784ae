"""docs/performance.md and its plots, written from the results that the benchmarks left as JSON."""

import json
from collections.abc import Callable
from typing import Any

from benchmarks.calls_report import tell_calls
from benchmarks.cycles import HOST, OWN, SHARED
from benchmarks.goals import ratio, tell_goals
from benchmarks.growth_report import tell_growth, tell_waiting
from benchmarks.permissions import tell_permissions
from benchmarks.plots import bars
from benchmarks.quotas import tell_quotas
from benchmarks.rule_report import tell_rules
from benchmarks.section import Section, table
from benchmarks.stage import ROOT

RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"

Row = dict[str, Any]

_INTRODUCTION = ROOT / "benchmarks" / "introduction.md"


def keep_result(name: str, result: Any) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


def write_report() -> None:
    """Write the page from every result that is there."""
    PLOTS.mkdir(exist_ok=True)
    results = {name: _result(name) for name in SECTIONS if (RESULTS / f"{name}.json").exists()}
    sections = [Section(_INTRODUCTION.read_text("utf-8")), tell_goals(results)]
    sections += [SECTIONS[name](result) for name, result in results.items()]
    for section in sections:
        for name, plot in section.plots.items():
            (PLOTS / name).write_text(plot, "utf-8")
    PAGE.write_text("\n".join(section.text for section in sections), "utf-8")


def _result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def tell_cycles(rows: list[Row]) -> Section:
    """Compare the contenders for each number of workers and clients."""
    cells = {(row["workers"], row["clients"], row["contender"]): row for row in rows}
    settings = sorted({(row["workers"], row["clients"]) for row in rows})
    lines = [_rates(cells, setting) for setting in settings]
    costs = [_costs(row) for row in rows if row["contender"] in {HOST, OWN}]
    heads = ("workers, clients", HOST, OWN, SHARED, "host to own", "host to shared", "CPU, host to own")
    cost_heads = (
        "workers, clients",
        "cycles/s",
        "CPU ms",
        "client CPU ms",
        "PostgreSQL CPU ms",
        "write transactions",
        "WAL KB",
        "start to interrupt ms, p50 / p99",
        "answer to end ms, p50 / p99",
    )
    text = (
        "## Cycles a second\n\n![cycles a second](performance/cycles.svg)\n\n"
        f"{table(heads, lines)}\n## What a cycle costs\n\n"
        "CPU is that of the API and the workers, or of the bare loop's one process; the host's client is a "
        "process of its own. A savepoint that writes counts as a write transaction.\n\n"
        f"{table(cost_heads, costs)}"
    )
    return Section(text, {"cycles.svg": _plot_rates(cells, settings)})


def tell_savers(rows: list[Row]) -> Section:
    """Compare the savers in the bare loop, with and without a network between."""
    cells = {(row["delay_ms"], row["clients"], row["contender"]): row for row in rows}
    lines = [
        _saver_line(row, own=cells[row["delay_ms"], row["clients"], OWN])
        for row in sorted(rows, key=lambda row: (row["delay_ms"], row["clients"]))
    ]
    heads = (
        "delay, clients, saver",
        "cycles/s",
        "to own",
        "CPU ms",
        "CPU to own",
        "PostgreSQL CPU ms",
        "write transactions",
        "WAL KB",
    )
    text = (
        "## The saver by itself\n\nThe bare loop once more, on the saver of the host: fenced, and with the "
        "checkpoints of all slots in shared commits. With a delay, every round trip to the database takes "
        f"that much longer.\n\n{table(heads, lines)}"
    )
    return Section(text)


def _saver_line(row: Row, *, own: Row) -> list[object]:
    return [
        f"{row['delay_ms']} ms, {row['clients']} c, {row['contender'].removeprefix('bare, ')}",
        row["rate"],
        f"{ratio(row, own):.2f}",
        row["client_cpu_ms"],
        f"{row['client_cpu_ms'] / own['client_cpu_ms']:.2f}",
        row["postgres_cpu_ms"],
        row["write_transactions"],
        round(row["wal_bytes"] / 1024, 1),
    ]


def _rates(cells: dict[tuple[int, int, str], Row], setting: tuple[int, int]) -> list[object]:
    host, own, shared = (cells[*setting, name] for name in (HOST, OWN, SHARED))
    return [
        _setting(setting),
        host["rate"],
        own["rate"],
        shared["rate"],
        f"{ratio(host, own):.2f}",
        f"{ratio(host, shared):.2f}",
        f"{host['host_cpu_ms'] / own['client_cpu_ms']:.2f}",
    ]


def _costs(row: Row) -> list[object]:
    is_host = row["contender"] == HOST
    return [
        f"{_setting((row['workers'], row['clients']))}, {'host' if is_host else 'bare'}",
        row["rate"],
        row["host_cpu_ms"] if is_host else row["client_cpu_ms"],
        row["client_cpu_ms"] if is_host else "",
        row["postgres_cpu_ms"],
        row["write_transactions"],
        round(row["wal_bytes"] / 1024, 1),
        f"{row['start_p50_ms']} / {row['start_p99_ms']}",
        f"{row['answer_p50_ms']} / {row['answer_p99_ms']}",
    ]


def _plot_rates(cells: dict[tuple[int, int, str], Row], settings: list[tuple[int, int]]) -> str:
    return bars(
        "Cycles a second",
        groups=[_setting(setting) for setting in settings],
        series={
            name: [cells[*setting, name]["rate"] for setting in settings] for name in (HOST, OWN, SHARED)
        },
        x_label="workers, clients",
        y_label="cycles/s",
    )


def _setting(setting: tuple[int, int]) -> str:
    workers, clients = setting
    return f"{workers} w, {clients} c"


SECTIONS: dict[str, Callable[[Any], Section]] = {
    "cycles": tell_cycles,
    "saver": tell_savers,
    "growth": tell_growth,
    "waiting": tell_waiting,
    "permissions": tell_permissions,
    "quotas": tell_quotas,
    "calls": tell_calls,
    "rules": tell_rules,
}
