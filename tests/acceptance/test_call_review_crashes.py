"""A review in the middle of a step, and workers killed round it: each effect happens once, when approved."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, created_database, running_host
from hosts import rested
from running_systems import environment_of, running_systems

from server.failpoints import VARIABLE

REVIEWED = Path(__file__).with_name("reviewed")
REFERENCE = "RE-1"


class accepting_host(running_host):  # noqa: N801  used like a function
    """A host that accepts cases and works on none."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data, "--no-worker")
        self._environment |= environment


def worked_on(client: httpx.Client, case_id: str, environment: dict[str, str], fault: str = "") -> Any:
    """Let a worker bring the case to rest, or die at the fault."""
    with subprocess.Popen(
        [sys.executable, "-m", "server", "work"],
        cwd=ROOT,
        env=environment | {VARIABLE: fault},
        stderr=subprocess.DEVNULL,
    ) as worker:
        try:
            if fault:
                assert worker.wait(60) == -9, f"no worker passed {fault}"
                return None
            return rested(client, case_id)
        finally:
            worker.kill()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("effect_recorded:kill:1", "effect_before_intent:kill:2"),
        ("end_before_commit:kill:1", "effect_after_intent:kill:2"),
        ("effect_answered:kill:1", "effect_answered:kill:1"),
    ],
)
def test_both_effects_happen_once_although_workers_die_before_and_after_the_review(
    postgres_url: str, tmp_path: Path, before: str, after: str
) -> None:
    with running_systems(tmp_path) as systems, created_database(postgres_url) as (_, url):
        environment = {
            **os.environ,
            **environment_of(systems),
            "DATABASE_URL": url,
            "STEWARD_PROCESSES": str(REVIEWED / "langgraph.json"),
            "STEWARD_POLICIES": str(REVIEWED / "policies"),
        }
        with (
            accepting_host(url, tmp_path, environment) as address,
            httpx.Client(base_url=address, timeout=60, headers={"Steward-Actor": "bob"}) as client,
        ):
            started = client.post(
                "/v1/processes/two_transfers/cases",
                json={"input": {"reference": REFERENCE}},
                headers={"Steward-Actor": "anna"},
            )
            case_id = started.raise_for_status().json()["id"]

            worked_on(client, case_id, environment, before)
            waiting = worked_on(client, case_id, environment)
            before_review = transfers(systems)
            answer = {"answer": {"decision": "approve"}}
            client.post(f"/v1/reviews/{waiting['reviews'][0]['id']}/answer", json=answer).raise_for_status()
            worked_on(client, case_id, environment, after)
            case = worked_on(client, case_id, environment)

        assert waiting["status"] == "waiting"
        assert before_review == [1, 0]
        assert case["status"] == "succeeded", case["error"]
        assert transfers(systems) == [1, 1]


def transfers(systems: dict[str, Any]) -> list[int]:
    return [len(systems[name].books.find_transfers(REFERENCE)) for name in ("keyed", "searchable")]
