"""The benchmarks themselves, in miniature: that they still measure what they say."""

from pathlib import Path

from benchmarks.cycles import HOST, OWN, SHARED, measure_cycles
from benchmarks.report import tell_cycles
from benchmarks.stage import set_stage


async def test_a_cycle_is_measured_for_the_host_and_for_its_peers(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "cycles") as stage:
        rows = await measure_cycles(stage, rounds=1, cycles=4, worker_counts=(1,), client_counts=(2,))

    assert [row["contender"] for row in rows] == [OWN, SHARED, HOST]
    assert all(row["rate"] > 0 and row["write_transactions"] > 0 for row in rows)
    assert rows[2]["host_cpu_ms"] > rows[2]["client_cpu_ms"] > 0
    section = tell_cycles(rows)
    assert f"| 1 w, 2 c | {rows[2]['rate']} |" in section.text
    assert section.plots.keys() == {"cycles.svg"}
