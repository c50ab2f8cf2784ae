"""Steps that do not end, in real workers: each worker gets over it or dies of it, and no case is lost."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, created_database, running_host
from hosts import rested

STUBBORN = Path(__file__).with_name("stubborn")
OURS = {
    "STEWARD_PROCESSES": str(STUBBORN / "langgraph.json"),
    "STEWARD_LIMITS": str(STUBBORN / "limits.toml"),
}


class stubborn_host(running_host):  # noqa: N801  used like a function
    """An API that serves the stubborn process and works on nothing."""

    def __init__(self, database_url: str, data: Path) -> None:
        super().__init__(database_url, data, "--no-worker")
        self._environment |= OURS


@pytest.fixture(scope="module")
def database_and_client(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, httpx.Client]]:
    with (
        created_database(postgres_url) as (_, url),
        stubborn_host(url, tmp_path_factory.mktemp("host")) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield url, client


@contextmanager
def worker(database_url: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    environment = os.environ | OURS | {"DATABASE_URL": database_url}
    command = [sys.executable, "-m", "server", "work"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def start(client: httpx.Client, **input_: Any) -> str:
    case: dict[str, Any] = (
        client.post("/v1/processes/stubborn/cases", json={"input": input_}).raise_for_status().json()
    )
    id_: str = case["id"]
    return id_


def test_a_step_that_keeps_the_event_loop_costs_its_worker_and_not_its_case(
    database_and_client: tuple[str, httpx.Client], tmp_path: Path
) -> None:
    url, client = database_and_client
    with worker(url, tmp_path / "first.log") as first:
        case_id = start(client, how="spin", mark=str(tmp_path / "mark"))
        code = first.wait(120)

    exact = {
        "count": 2**53 + 1,
        "least": -(2**63),
        "amount": "1234567890123456789012.50",
        "emoji": "\U0001f600",
    }
    with worker(url, tmp_path / "second.log"):
        ended = rested(client, case_id)
        walked = rested(client, start(client, how="walk", kept=exact))

    assert code == 1
    assert "in spin" in (tmp_path / "first.log").read_text()
    assert (ended["status"], ended["result"], ended["attempt"]) == ("succeeded", "the second time", 2)
    assert walked["state"]["returned"] == walked["input"]["kept"] == exact


def test_threads_that_hang_end_as_incidents_and_the_worker_asks_to_be_replaced(
    database_and_client: tuple[str, httpx.Client], tmp_path: Path
) -> None:
    url, client = database_and_client
    with worker(url, tmp_path / "worker.log") as process:
        sleepers = [start(client, how="sleep") for _ in range(4)]
        walker = start(client, how="walk")
        stuck = [rested(client, case_id) for case_id in sleepers]
        walked = rested(client, walker)
        code = process.wait(120)

    assert [(case["status"], case["error"]["code"]) for case in stuck] == [("incident", "step_deadline")] * 4
    assert walked["result"] == "walked"
    assert code == 1
    assert "threads_lost" in (tmp_path / "worker.log").read_text()
