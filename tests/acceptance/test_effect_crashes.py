"""Workers killed in the middle of an effect: the other system's own rows say how often it happened."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, created_database, running_host
from hosts import rested
from running_systems import System, environment_of, running_systems

from server.failpoints import VARIABLE


@dataclass
class Field:
    """An API without a worker, the systems, and what a worker needs to know."""

    client: httpx.Client
    systems: dict[str, System]
    environment: dict[str, str]

    @contextmanager
    def worker(self, fault: str = "") -> Iterator[subprocess.Popen[bytes]]:
        environment = self.environment | {VARIABLE: fault}
        command = [sys.executable, "-m", "server", "work"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def start(self, system: str, reference: str) -> str:
        order = {"reference": reference, "amount": "10.00", "system": system}
        response = self.client.post("/v1/processes/transfer/cases", json={"input": order})
        id_: str = response.raise_for_status().json()["id"]
        return id_


class api_only(running_host):  # noqa: N801  used like a function
    """A host that accepts cases and works on none."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data, "--no-worker")
        self._environment |= environment


@pytest.fixture(scope="module")
def field(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("field")
    with running_systems(folder) as systems, created_database(postgres_url) as (_, url):
        environment = os.environ | environment_of(systems) | {"DATABASE_URL": url}
        with (
            api_only(url, folder, environment_of(systems)) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield Field(client, systems, environment)


def killed_and_taken_over(field: Field, system: str, *faults: str) -> dict[str, Any]:
    """Start a case, let a worker die at each fault in turn, and let a last one finish it."""
    case_id = field.start(system, "-".join((system, *faults)))
    for fault in faults:
        with field.worker(f"{fault}:kill:1") as worker:
            assert worker.wait(60) == -9, f"no worker passed {fault}"
    with field.worker():
        return rested(field.client, case_id)


@pytest.mark.parametrize(
    ("system", "faults"),
    [
        ("keyed", ["effect_answered"]),
        ("searchable", ["effect_answered"]),
        ("searchable", ["effect_after_intent", "effect_after_repeat"]),
    ],
)
def test_what_can_be_repeated_or_looked_up_happens_once(field: Field, system: str, faults: list[str]) -> None:
    case = killed_and_taken_over(field, system, *faults)

    assert case["status"] == "succeeded", case["error"]
    assert len(field.systems[system].books.find_transfers(case["input"]["reference"])) == 1


def steward(field: Field, *arguments: str) -> Any:
    """Run a command against the API and return the JSON that it prints."""
    command = [sys.executable, "-m", "server", *arguments, "--json", "--url", str(field.client.base_url)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(printed.stdout)


@pytest.mark.parametrize(
    ("fault", "applied", "word", "settled"),
    [
        ("effect_after_intent", 0, ["--did-not-happen"], "failed"),
        ("effect_answered", 1, ["--receipt", '{"transfer": "T-1"}'], "done"),
    ],
)
def test_what_cannot_is_an_incident_that_a_person_settles(
    field: Field, fault: str, applied: int, word: list[str], settled: str
) -> None:
    case = killed_and_taken_over(field, "blind", fault)
    (effect,) = steward(field, "effects", "--status", "intended")["items"]

    effect_now = steward(field, "settle", effect["key"], *word, "--reason", "looked into it")

    assert (case["status"], case["error"]["code"]) == ("incident", "tool_outcome_unknown")
    assert effect["case_id"] == case["id"]
    assert (effect_now["status"], effect_now["settled_by"]) == (settled, "operator")
    assert len(field.systems["blind"].books.find_transfers(case["input"]["reference"])) == applied


def test_a_worker_that_froze_before_sending_sends_nothing_when_it_wakes(field: Field) -> None:
    case_id = field.start("searchable", "frozen")

    with field.worker("effect_after_intent:stop:1") as frozen:
        os.waitpid(frozen.pid, os.WUNTRACED)
        with field.worker():
            case = rested(field.client, case_id)
        frozen.send_signal(signal.SIGCONT)
        frozen.terminate()
        woken = frozen.wait(60)

    assert woken == 0
    assert case["status"] == "succeeded", case["error"]
    assert len(field.systems["searchable"].books.find_transfers("frozen")) == 1
