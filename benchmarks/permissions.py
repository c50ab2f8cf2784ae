"""What it costs to ask the policies about one call, by how many there are."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.section import Section, table
from benchmarks.stage import Stage
from server.policies.loading import Policies
from tools.effects import digest
from tools.ports import Call, Caller

POLICY = """
@id("bench-{number}")
@reason("a benchmark")
permit (principal in Process::"invoice_to_pay", action == Action::"erp.schedule_payment", resource)
when {{ context.arguments.currency == "EUR" && context.arguments.supplier == "S-{number}" }};
"""
Row = dict[str, Any]


async def measure_permissions(
    stage: Stage, *, decisions: int = 1000, rounds: int = 5, policies: Sequence[int] = (0, 20, 200)
) -> list[Row]:
    """Return a row for each number of policies added to the shipped ones: the best of some rounds."""
    rows: list[Row] = []
    for number in policies:
        began = time.perf_counter()
        asked = _policies(stage.folder / "policies", number).current()
        loaded_s, call = time.perf_counter() - began, _call()
        taken = []
        for _ in range(rounds):
            began_cpu = time.process_time()
            for _ in range(decisions):
                asked.decide(call)
            taken.append((time.process_time() - began_cpu) / decisions)
        rows.append(
            {
                "policies": len(asked.policies),
                "decision_us": round(1e6 * min(taken), 1),
                "load_ms": round(1000 * loaded_s, 1),
            }
        )
    return rows


def tell_permissions(rows: list[Row]) -> Section:
    """Show what a decision costs, and what reading the policies does."""
    lines = [[f"{row['policies']} policies", row["decision_us"], row["load_ms"]] for row in rows]
    text = (
        "## Permissions\n\nAsking the policies about one payment: CPU a decision, of this process. They are "
        "read and checked at the start and when a file has changed.\n\n"
        f"{table(('', 'µs a decision', 'ms to read and check'), lines)}"
    )
    return Section(text)


def _policies(folder: Path, number: int) -> Policies:
    folder.mkdir(exist_ok=True)
    (folder / "bench.cedar").write_text("".join(POLICY.format(number=each) for each in range(number)))
    return Policies(folder)


def _call() -> Call:
    arguments: dict[str, Any] = {
        "entry": "JE-000001",
        "supplier": "S-1",
        "iban": "AT611904300234573201",
        "currency": "EUR",
        "date": "2026-10-05",
        "amount": "4200.00",
    }
    return Call(
        server="erp",
        tool="schedule_payment",
        arguments=arguments,
        digest=digest(arguments),
        contract="keyed",
        key="effect/1",
        sandbox=True,
        case="case",
        step="step",
        caller=Caller("anna", "process/invoice_to_pay", "invoice_to_pay"),
    )
