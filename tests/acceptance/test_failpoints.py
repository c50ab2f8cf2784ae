"""The host killed at each place where something is half done: nothing lost, nothing twice.

One invoice goes through for each point. The host dies there, is started again without the fault, and the
ERP's own database says how often the invoice was booked and paid.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from conftest import created_database, running_host
from hosts import Books, all_cases, rested, submit

from server.failpoints import VARIABLE

INVOICE = (
    Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay" / "01-clean-with-order.xml"
)
QUESTION = INVOICE.with_name("04-no-order.xml")

POINTS = [
    "accept_before_commit:kill:1",
    "accept_after_commit:kill:1",
    "claim_before_commit:kill:1",
    "claim_after_commit:kill:1",
    "checkpoint_before_write:kill:1",
    "checkpoint_after_write:kill:1",
    "checkpoint_before_write:kill:9",
    "checkpoint_after_write:kill:9",
    "decision_before_commit:kill:1",
    "decision_after_commit:kill:1",
    "effect_before_intent:kill:1",
    "effect_after_intent:kill:1",
    "effect_answered:kill:1",
    "effect_recorded:kill:1",
    "effect_answered:kill:2",
    "end_before_commit:kill:1",
    "end_after_commit:kill:1",
]


class dying_host(running_host):  # noqa: N801  used like a function
    """A host that dies at a point; leaving it asserts that it did."""

    def __init__(self, database_url: str, data: Path, fault: str) -> None:
        super().__init__(database_url, data)
        self._environment[VARIABLE] = fault

    def __exit__(self, *exc: object) -> None:
        assert self.process.wait(60) == -9, "the host did not pass the point"


@pytest.mark.parametrize("fault", POINTS)
def test_killed_at_a_point_the_invoice_is_booked_and_paid_once(
    postgres_url: str, tmp_path: Path, fault: str
) -> None:
    with created_database(postgres_url) as (_, url):
        accepted: list[str] = []
        with dying_host(url, tmp_path, fault) as address, httpx.Client(base_url=address) as client:
            try_to(lambda: accepted.append(submit(client, INVOICE)["id"]))

        with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            again = submit(client, INVOICE)["id"]
            case = rested(client, again)
            cases = all_cases(client)
        decided = decided_in(url)

    assert accepted in ([], [again])
    assert [one["id"] for one in cases] == [again]
    assert case["status"] == "succeeded", case["error"]
    assert once_booked_and_paid(tmp_path)
    assert decided == [("decision", "IP-900")]


@pytest.mark.parametrize("fault", ["answer_before_commit:kill:1", "answer_after_commit:kill:1"])
def test_killed_while_an_answer_is_accepted_it_counts_once(
    postgres_url: str, tmp_path: Path, fault: str
) -> None:
    answer = {"answer": {"decision": "approve", "comment": "agreed by phone"}}
    with created_database(postgres_url) as (_, url):
        with dying_host(url, tmp_path, fault) as address, httpx.Client(base_url=address) as client:
            case = rested(client, submit(client, QUESTION)["id"])
            path = f"/v1/reviews/{case['reviews'][0]['id']}/answer"
            try_to(lambda: client.post(path, json=answer))

        with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            repeated = client.post(path, json=answer).status_code
            ended = rested(client, case["id"])

    assert repeated == (200 if "before" in fault else 409)
    assert ended["status"] == "succeeded", ended["error"]
    assert once_booked_and_paid(tmp_path)


def once_booked_and_paid(data: Path) -> bool:
    counts = "SELECT (SELECT COUNT(*) FROM supplier_invoices), (SELECT COUNT(*) FROM payments)"
    return Books(data / "erp.sqlite3").rows(counts) == [(1, 1)]


def try_to(act: Callable[[], object]) -> None:
    """Do it against a host that may die meanwhile."""
    with suppress(httpx.HTTPError):
        act()


class freezing_host(running_host):  # noqa: N801  used like a function
    """A host that freezes at a point; leaving it wakes it up and waits until it has ended."""

    def __init__(self, database_url: str, data: Path, fault: str) -> None:
        super().__init__(database_url, data)
        self._environment[VARIABLE] = fault

    def __exit__(self, *exc: object) -> None:
        self.process.send_signal(signal.SIGCONT)
        super().__exit__(*exc)


@pytest.mark.parametrize(
    "fault", ["effect_after_intent:stop:1", "effect_answered:stop:1", "end_before_commit:stop:1"]
)
def test_a_frozen_worker_is_taken_over_and_changes_nothing_when_it_wakes(
    postgres_url: str, tmp_path: Path, fault: str
) -> None:
    with created_database(postgres_url) as (_, url):
        with (
            freezing_host(url, tmp_path, fault) as frozen,
            httpx.Client(base_url=frozen, timeout=5) as client,
        ):
            case_id = submit(client, INVOICE)["id"]
            with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as other:
                ended = rested(other, case_id)

        with running_host(url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            later = rested(client, case_id)

    assert ended["status"] == "succeeded", ended["error"]
    assert (later["attempt"], later["updated_at"]) == (2, ended["updated_at"])
    assert once_booked_and_paid(tmp_path)


def decided_in(database_url: str) -> list[tuple[str, str]]:
    """The kind and the rule of every decision about the invoice that was kept."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "SELECT kind, said ->> 'rule' FROM decisions WHERE table_id = 'invoice_to_pay'"
        ).fetchall()
