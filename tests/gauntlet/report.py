"""The table of docs/faults.md, written anew from the kept results after every trial."""

import json
import subprocess
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trial import Fault, Outcome

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "faults.json"
SHOWN = 5  # violations kept of a trial, as examples
_BEGIN, _END = "<!-- results -->\n", "<!-- end of results -->\n"


class Results:
    """What the latest trial of each fault gave, in a JSON file beside the page that shows it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._by_name: dict[str, dict[str, Any]] = {}
        if file.exists():
            self._by_name = json.loads(file.read_text("utf-8"))

    def has(self, fault: Fault, *, seed: int, scale: float) -> bool:
        """Say whether this commit has passed this trial already, so that an interrupted run goes on."""
        kept = self._by_name.get(fault.name, {})
        wanted = {"seed": seed, "scale": scale, "commit": _commit()}
        return all(kept.get(name) == value for name, value in wanted.items()) and kept["passed"]

    def keep(self, fault: Fault, outcome: Outcome, *, seed: int, scale: float, seconds: float) -> None:
        self._by_name[fault.name] = {
            **asdict(outcome),
            "title": fault.title,
            "passed": fault.passed(outcome),
            "violations": [asdict(one) for one in outcome.violations[:SHOWN]],
            "violated": counted(outcome),
            "times": None,
            "p50": percentile(outcome.times, 50),
            "p99": percentile(outcome.times, 99),
            "seed": seed,
            "scale": scale,
            "seconds": round(seconds),
            "commit": _commit(),
        }
        self._file.write_text(json.dumps(self._by_name, indent=1, sort_keys=True) + "\n", "utf-8")
        self._show()

    def _show(self) -> None:
        page = self._file.with_suffix(".md")
        if not page.exists():
            return
        before, _, rest = page.read_text("utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        page.write_text(f"{before}{_BEGIN}\n{table(self._by_name)}\n{_END}{after}", "utf-8")


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as Markdown, a row a fault."""
    lines = [
        "| fault | what is broken | n | seed | violations | p50 | p99 | other figures |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for name in sorted(results, key=_order):
        row = results[name]
        figures = [f"{key}: {value}" for key, value in row["figures"].items()]
        timed = [f"times are {row['timed']}"] if row["timed"] and row["p50"] is not None else []
        cells = (
            name,
            row["title"],
            row["skipped"] or row["n"],
            row["seed"],
            row["violated"],
            _seconds(row["p50"]),
            _seconds(row["p99"]),
            "; ".join([*timed, *figures]),
        )
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def line(fault: Fault, outcome: Outcome, *, seconds: float) -> str:
    """One trial in one line, for the terminal."""
    parts = [f"{fault.name}: n={outcome.n}, violations={counted(outcome)}"]
    if outcome.times:
        p50, p99 = (_seconds(percentile(outcome.times, p)) for p in (50, 99))
        parts.append(f"p50={p50}, p99={p99} ({outcome.timed})")
    parts += [f"{name}: {value}" for name, value in outcome.figures.items()]
    return ", ".join([*parts, outcome.skipped or f"in {seconds:.0f} s"])


def counted(outcome: Outcome) -> str:
    """How many violations, and of which invariants."""
    by_invariant = Counter(violation.invariant for violation in outcome.violations)
    which = ", ".join(f"{name} {count}" for name, count in sorted(by_invariant.items()))
    return f"{by_invariant.total()} ({which})" if which else "0"


def percentile(times: list[float], percent: int) -> float | None:
    """The smallest time that `percent` of all do not exceed."""
    if not times:
        return None
    ordered = sorted(times)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 3)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _order(name: str) -> tuple[int, str]:
    number = "".join(character for character in name if character.isdigit())
    return int(number or 999), name


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
