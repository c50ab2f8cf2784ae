"""The host killed in the middle of an intervention: it took place, or it did not."""

from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from conftest import created_database, running_host
from hosts import PROCESS, rested

from server.failpoints import VARIABLE

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
QUESTION = (SAMPLES / "04-no-order.xml").read_bytes()
EDIT = {"reason": "a test", "fields": {"title": "Invoice on hold"}}


class dying_host(running_host):  # noqa: N801  used like a function
    """A host that is killed by itself in an intervention."""

    def __init__(self, database_url: str, data: Path, fault: str) -> None:
        super().__init__(database_url, data)
        self._environment[VARIABLE] = fault

    def __exit__(self, *exc: object) -> None:
        assert self.process.wait(60) == -9, "the host did not pass the point"


@pytest.mark.parametrize("point", ["intervention_before_commit", "intervention_after_commit"])
def test_killed_in_an_edit_all_of_it_is_done_or_nothing(
    postgres_url: str, tmp_path: Path, point: str
) -> None:
    with created_database(postgres_url) as (_, url):
        with (
            dying_host(url, tmp_path, f"{point}:kill:1") as address,
            httpx.Client(base_url=address) as client,
        ):
            case_id = client.post(PROCESS, files={"file": ("invoice.xml", QUESTION)}).json()["id"]
            before = rested(client, case_id)
            with suppress(httpx.HTTPError):
                client.post(f"/v1/cases/{case_id}/edit", json=EDIT)

        with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            after = rested(client, case_id)

    reviews = [review["status"] for review in after["reviews"]]
    if point.endswith("before_commit"):
        assert (after["state"], after["revision"], reviews) == (before["state"], before["revision"], ["open"])
    else:
        assert (after["title"], reviews) == ("Invoice on hold", ["open", "withdrawn"])
