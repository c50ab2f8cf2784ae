"""What the page says of tool calls: what one costs its client, beside a raw client and the adapters."""

from statistics import median
from typing import Any

from benchmarks.calls import ADAPTERS, HOST, OWN, RAW
from benchmarks.section import Section, table

Row = dict[str, Any]


def tell_calls(rows: list[Row]) -> Section:
    """Compare the contenders for each transport and number of calls at once."""
    cells = {(row["transport"], row["clients"], row["contender"]): row for row in rows}
    settings = sorted({(row["transport"], row["clients"]) for row in rows})
    lines = [
        [
            f"{transport}, {clients} at once",
            *(
                f"{cells[transport, clients, name]['cpu_ms']} / {cells[transport, clients, name]['p50_ms']}"
                for name in (ADAPTERS, RAW, OWN, HOST)
            ),
            f"{cpu_ratio(cells[transport, clients, OWN], cells[transport, clients, RAW]):.2f}",
        ]
        for transport, clients in settings
    ]
    text = (
        "## Tool calls\n\nOne call of a tool that answers at once with three fields: CPU of the client / "
        "time of the call (p50), in ms. The raw client is the MCP SDK's own, held open and calling "
        "`call_tool`. The adapters are langchain-mcp-adapters as they come, with a session a call. Guard and "
        "ledger are the host's, of an effect: its intent and outcome are committed.\n\n"
        f"{table(('', ADAPTERS, RAW, OWN, HOST, 'CPU, ours to raw'), lines)}"
    )
    return Section(text)


def cpu_ratio(one: Row, other: Row) -> float:
    """Return the median over the rounds of how the CPU of a call compares."""
    ratios: list[float] = [a / b for a, b in zip(one["cpus_ms"], other["cpus_ms"], strict=True)]
    return median(ratios)
