"""What the page says of rules: decisions a second beside other engines, and the time of verification."""

from typing import Any

from benchmarks.goals import ratio
from benchmarks.rule_engines import ENGINES, ZEN_TRACE
from benchmarks.section import Section, table


def tell_rules(result: dict[str, Any]) -> Section:
    """Compare the engines for each size of table, and show what verifying the largest takes."""
    rates = {(row["rows"], row["contender"]): row for row in result["rates"]}
    heights = sorted({height for height, _ in rates})
    lines = [
        [
            name,
            *(cell for height in heights for cell in _cells(rates[height, name], rates[height, ZEN_TRACE])),
        ]
        for name in ENGINES
    ]
    heads = [head for height in heights for head in (f"{height:,} rows", "to zen-engine, trace on")]
    checks = [
        [f"{row['rows']:,} rows, {row['inputs']} inputs", row["seconds"], row["flaws"], row["not_proved"]]
        for row in result["checks"]
    ]
    text = (
        "## Rules\n\nDecisions a second of CPU on the same tables and facts, engine by engine in turn; all "
        "say the same of every case. Ours checks the type of every fact and counts in decimals. Its record "
        "says of the other rows, of a hundred at most, why they did not decide; the trace of zen-engine "
        "holds the row that did.\n\n"
        f"{table(('', *heads), lines)}\n"
        "Verification (`steward rules check`) of random tables whose rows overlap:\n\n"
        f"{table(('table', 'CPU s', 'findings', 'not proved'), checks)}"
    )
    return Section(text)


def _cells(row: dict[str, Any], other: dict[str, Any]) -> tuple[str, str]:
    return f"{row['rate']:,.0f}", f"{ratio(row, other):.2f}"
