"""Measurements beside their goals."""

from typing import Any

from benchmarks import calls
from benchmarks.cycles import HOST, OWN, SHARED
from benchmarks.goals import tell_goals


def row(contender: str, **figures: Any) -> dict[str, Any]:
    return {"workers": 1, "clients": 32, "contender": contender} | figures


def test_a_ratio_is_that_of_the_rounds_and_not_of_their_sums() -> None:
    rows = [
        row(OWN, rates=[10.0, 10.0, 100.0], client_cpu_ms=10.0),
        row(SHARED, rates=[8.0, 8.0, 80.0], client_cpu_ms=10.0),
        row(HOST, rates=[9.0, 9.0, 10.0], host_cpu_ms=20.0),
    ]

    text = tell_goals({"cycles": rows}).text

    assert "with a saver each; 32 clients, 1 worker | at least 0.8 | 0.90 | yes |" in text
    assert "with one saver; 32 clients, 1 worker | at least 1.5 | 1.12 | no |" in text
    assert "CPU to the bare loop's; 32 clients, 1 worker | at most 1.7 | 2.00 | no |" in text


def test_a_tool_call_may_cost_its_client_a_third_more_than_a_raw_one() -> None:
    setting = {"transport": "http", "clients": 8}
    rows = [
        {**setting, "contender": calls.RAW, "cpus_ms": [1.0, 2.0, 4.0]},
        {**setting, "contender": calls.OWN, "cpus_ms": [1.2, 2.6, 12.0]},
    ]

    text = tell_goals({"calls": rows}).text

    assert "raw MCP client's; http, 8 at once | at most 1.3 | 1.30 | yes |" in text


def test_a_result_that_is_missing_is_no_goal() -> None:
    assert "waiting" not in tell_goals({"cycles": []}).text
