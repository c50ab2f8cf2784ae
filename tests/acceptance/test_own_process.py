"""A host with an operator's own processes and tool servers."""

from pathlib import Path

import httpx
from conftest import created_database, running_host
from hosts import rested
from running_systems import environment_of, running_systems

ORDER = {"reference": "R-1", "amount": "10.00", "system": "keyed"}


class host_of_ours(running_host):  # noqa: N801  used like a function
    """A host that runs the gauntlet's process."""

    def __init__(self, database_url: str, data: Path, environment: dict[str, str]) -> None:
        super().__init__(database_url, data)
        self._environment |= environment


def test_a_host_runs_the_processes_and_calls_the_servers_that_its_operator_names(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        running_systems(tmp_path) as systems,
        created_database(postgres_url) as (_, url),
        host_of_ours(url, tmp_path, environment_of(systems)) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        listed = client.get("/v1/processes").json()["items"]
        started = client.post("/v1/processes/transfer/cases", json={"input": ORDER})
        case = rested(client, started.raise_for_status().json()["id"])

        assert [process["name"] for process in listed] == ["transfer", "poison", "nap", "flood", "gossip"]
        assert case["result"] == "transferred as T-1", case["error"]
        assert len(systems["keyed"].books.find_transfers("R-1")) == 1
