"""Quotas while workers die between a reservation and its call: the other system's own rows are counted."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_line import Steward
from conftest import ROOT, created_database, running_host
from hosts import all_cases
from running_systems import HERE, System, environment_of, running_systems

from server.failpoints import VARIABLE

CASES = 50
QUOTA = """
    [transfers_a_day]
    tools = ["keyed.transfer"]
    amount = "arguments.amount"
    currency = "arguments.currency"
    window = "ever"
    limit = {EUR = "100.00"}
"""


class accepting_host(running_host):  # noqa: N801  used like a function
    """A host that accepts cases and works on none."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data, "--no-worker")
        self._environment |= environment


class Bank:
    """Fifty transfers of a tenth of what may go out, and workers that carry them out."""

    def __init__(self, client: httpx.Client, system: System, environment: dict[str, str]) -> None:
        self.client, self._system, self._environment = client, system, environment

    def start(self) -> None:
        for number in range(CASES):
            order = {"reference": f"T-{number}", "amount": "10.00", "system": self._system.name}
            body = {"input": order}
            self.client.post("/v1/processes/transfer/cases", json=body).raise_for_status()

    def transfers(self) -> int:
        return len(self._system.books.rows("SELECT 1 FROM transfers"))

    @contextmanager
    def worker(self, fault: str = "") -> Iterator[subprocess.Popen[bytes]]:
        environment = os.environ | self._environment | {VARIABLE: fault}
        command = [sys.executable, "-m", "server", "work"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def rested(self) -> list[dict[str, Any]]:
        """Return the cases once none runs; it gives up by count, not by clock."""
        for _ in range(600):
            cases = all_cases(self.client)
            if all(case["status"] != "running" for case in cases):
                return cases
            time.sleep(0.1)
        raise AssertionError("the cases do not come to rest")


@pytest.fixture
def bank(postgres_url: str, tmp_path: Path) -> Iterator[Bank]:
    with (
        running_systems(tmp_path) as systems,
        created_database(postgres_url) as (_, url),
    ):
        (tmp_path / "quotas.toml").write_text(QUOTA)
        shutil.copy(HERE / "policies" / "transfer.cedar", tmp_path)
        environment = {
            **environment_of(systems),
            "DATABASE_URL": url,
            "STEWARD_POLICIES": str(tmp_path),
            "STEWARD_LIMITS": str(HERE / "patient_limits.toml"),
        }
        with (
            accepting_host(url, tmp_path, environment) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield Bank(client, systems["keyed"], environment)


def test_of_fifty_transfers_exactly_ten_go_out_although_workers_die_with_their_reservations(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bank.start()
    for nth in (3, 1):
        with bank.worker(f"effect_after_intent:kill:{nth}") as dying:
            assert dying.wait(60) == -9

    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(bank.worker())
        cases = bank.rested()

    refused = [case["error"]["code"] for case in cases if case["status"] == "incident"]
    assert bank.transfers() == 10
    assert refused == ["tool_quota_exceeded"] * (CASES - 10)
    shown = Steward(monkeypatch, capsys, url=str(bank.client.base_url))("quotas", "transfers_a_day").out
    assert shown.split()[-6:] == ["currency", "EUR", "100.00", "0", "100.00", "ever"]
    [use] = bank.client.get("/v1/quotas", params={"quota": "transfers_a_day"}).json()["items"]
    assert (use["used"], use["in_flight"], use["limit"]) == ("100.00", "0", "100.00")
