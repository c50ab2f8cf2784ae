"""The benchmarks themselves, in miniature: that they still measure what they say."""

from pathlib import Path

from benchmarks import calls
from benchmarks.calls_report import tell_calls
from benchmarks.cycles import HOST, OWN, SHARED, measure_cycles
from benchmarks.growth import measure_growth
from benchmarks.growth_report import tell_growth, tell_waiting
from benchmarks.permissions import measure_permissions, tell_permissions
from benchmarks.quotas import measure_quotas, tell_quotas
from benchmarks.report import tell_cycles
from benchmarks.rule_engines import ENGINES
from benchmarks.rule_report import tell_rules
from benchmarks.rules import measure_rules
from benchmarks.stage import set_stage
from benchmarks.waiting import measure_waiting


async def test_a_cycle_is_measured_for_the_host_and_for_its_peers(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "cycles") as stage:
        rows = await measure_cycles(stage, rounds=1, cycles=4, worker_counts=(1,), client_counts=(2,))

    assert [row["contender"] for row in rows] == [OWN, SHARED, HOST]
    assert all(row["rate"] > 0 and row["write_transactions"] > 0 for row in rows)
    assert rows[2]["host_cpu_ms"] > rows[2]["client_cpu_ms"] >= 0  # counted in ticks of 10 ms
    section = tell_cycles(rows)
    assert f"| 1 w, 2 c | {rows[2]['rate']} |" in section.text
    assert section.plots.keys() == {"cycles.svg"}


async def test_decisions_are_measured_by_the_number_of_policies(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "permissions") as stage:
        rows = await measure_permissions(stage, decisions=2, rounds=1, policies=(0, 3))

    shipped, more = rows
    assert more["policies"] == shipped["policies"] + 3
    assert all(row["decision_us"] > 0 and row["load_ms"] > 0 for row in rows)
    assert f"| {more['policies']} policies |" in tell_permissions(rows).text


async def test_intents_are_measured_under_quotas_and_without(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "quotas") as stage:
        rows = await measure_quotas(stage, calls=6, rounds=1, quotas=(0, 2), at_once=(2,))
        async with stage.database.connection() as connection:
            used = await connection.execute(
                "SELECT sum(used) AS used FROM quota_uses WHERE quota = 'quota_1'"
            )
            counted = await used.fetchone()

    assert [(row["quotas"], row["one"]) for row in rows] == [(0, False), (2, False), (2, True)]
    assert counted == {"used": 12}
    assert f"| 2 at once, 2 quotas, one row | {rows[2]['rate']:,.0f} |" in tell_quotas(rows).text


async def test_waiting_cases_are_measured_and_their_copies_can_be_answered(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "waiting") as stage:
        rows = await measure_waiting(stage, counts=(0, 8), fresh=4, answers=3, idle_s=0.1, settle_s=0)
        async with stage.database.connection() as connection:
            found = await connection.execute("SELECT status, count(*) AS found FROM cases GROUP BY 1")
            by_status = {row["status"]: row["found"] for row in await found.fetchall()}

    assert by_status == {"succeeded": 6, "waiting": 8}
    assert rows[1]["bytes_each"] < rows[1]["fresh_bytes"]
    assert rows[1]["resumed_p50_ms"] > 0
    assert "| 8 |" in tell_waiting(rows).text


async def test_growth_is_measured_by_length_by_weight_and_among_finished_cases(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "growth") as stage:
        result = await measure_growth(stage, steps=(2,), sizes=(4096,), finished=3, cycles=2)
        async with stage.database.connection() as connection:
            found = await (
                await connection.execute("SELECT count(*) AS found FROM cases WHERE process = 'reference'")
            ).fetchone()

    assert [row["contender"] for row in result["steps"]] == [HOST, OWN]
    assert all(row["step_ms"] > 0 for row in result["steps"] + result["sizes"])
    assert found is not None
    assert found["found"] == 1 + 3 + 2 * (16 + 2 * 2)
    assert "| 3 |" in tell_growth(result).text


async def test_engines_of_rules_are_measured_on_the_same_table_and_agree() -> None:
    result = await measure_rules(rounds=1, turn_s=0.01, heights=(20,))

    assert [row["contender"] for row in result["rates"]] == list(ENGINES)
    assert all(row["rate"] > 0 for row in result["rates"])
    assert [row["not_proved"] for row in result["checks"]] == [0]
    assert "| decide |" in tell_rules(result).text


async def test_a_tool_call_is_measured_for_the_door_and_for_its_peers(tmp_path: Path) -> None:
    async with set_stage(tmp_path, "calls") as stage:
        rows = await calls.measure_calls(stage, rounds=1, calls=2, transports=("http",), at_once=(2,))

    assert [row["contender"] for row in rows] == [calls.ADAPTERS, calls.RAW, calls.OWN, calls.HOST]
    assert all(row["cpu_ms"] > 0 and row["p50_ms"] > 0 for row in rows)
    assert f"| http, 2 at once | {rows[0]['cpu_ms']} / {rows[0]['p50_ms']} |" in tell_calls(rows).text
