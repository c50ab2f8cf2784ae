"""What the page says of growth: of long, heavy, waiting and finished cases."""

from typing import Any

from benchmarks.cycles import HOST, OWN
from benchmarks.plots import lines
from benchmarks.section import Section, table

_STEP_HEADS = ("step ms", "CPU ms", "PostgreSQL CPU ms", "WAL KB")
_STEP_FIGURES = ("step_ms", "cpu_ms", "postgres_cpu_ms", "wal_kb")


def tell_growth(result: dict[str, Any]) -> Section:
    """Show what a step costs by the length and weight of its case, and a cycle among finished cases."""
    steps = [_step(f"{row['steps']} steps", row) for row in result["steps"]]
    sizes = [_step(f"{row['size'] // 1024} KB", row) for row in result["sizes"]]
    finished = [
        (f"{row['finished']:,}", row["rate"], row["host_cpu_ms"], row["postgres_cpu_ms"], row["start_p50_ms"])
        for row in result["finished"]
    ]
    text = (
        "## Long cases\n\nA case of so many steps, each writing 2 KB anew; figures are for one step.\n\n"
        f"![step by length](performance/steps.svg)\n\n{table(('case, contender', *_STEP_HEADS), steps)}\n"
        "## Heavy cases\n\nA case of ten steps, each writing so much anew.\n\n"
        f"![step by weight](performance/sizes.svg)\n\n{table(('step, contender', *_STEP_HEADS), sizes)}\n"
        "## Among finished cases\n\nCycles of eight clients, so many finished cases being in the tables.\n\n"
        + table(
            ("finished", "cycles/s", "CPU ms", "PostgreSQL CPU ms", "start to interrupt ms, p50"), finished
        )
    )
    plots = {
        "steps.svg": _plot("A step in a long case", result["steps"], of="steps", x_label="steps in the case"),
        "sizes.svg": _plot(
            "A step in a heavy case", result["sizes"], of="size", x_label="bytes a step writes"
        ),
    }
    return Section(text, plots)


def tell_waiting(rows: list[dict[str, Any]]) -> Section:
    """Show the room, the idle cost and the awakening of cases that wait."""
    heads = (
        "waiting cases",
        "bytes each",
        "start of API and worker s",
        "idle CPU % of a core",
        "answer to resumed ms, p50 / p99",
        "answer to end ms, p50 / p99",
    )
    cells = [
        (
            f"{row['cases']:,}",
            f"{row['bytes_each']:,}" if row["bytes_each"] else "",
            row["start_s"],
            row["idle_cpu_percent"],
            f"{row['resumed_p50_ms']} / {row['resumed_p99_ms']}",
            f"{row['ended_p50_ms']} / {row['ended_p99_ms']}",
        )
        for row in rows
    ]
    room = sorted(rows[-1]["tables"].items(), key=lambda item: -item[1])
    text = (
        "## Waiting cases\n\n"
        "Copies of one case that waits for its review, with every row that it has in any table. It has "
        "waited longer than `STEWARD_KEEP_WAITING_STEPS_DAYS`, so that it has only the checkpoint it goes on "
        f"from; one that came to rest just now takes {rows[-1]['fresh_bytes']:,} bytes. It is resumed when a "
        "worker has claimed the run that the answer made.\n\n"
        f"{table(heads, cells)}\nWhere the bytes of a waiting case lie, with indexes:\n\n"
        f"{table(('table', 'bytes'), room)}"
    )
    return Section(text)


def _step(label: str, row: dict[str, Any]) -> list[object]:
    who = "host" if row["contender"] == HOST else "bare"
    return [f"{label}, {who}", *(row[figure] for figure in _STEP_FIGURES)]


def _plot(title: str, rows: list[dict[str, Any]], *, of: str, x_label: str) -> str:
    series = {
        who: [(row[of], row["step_ms"]) for row in rows if row["contender"] == who] for who in (HOST, OWN)
    }
    return lines(title, series=series, x_label=x_label, y_label="ms a step")
