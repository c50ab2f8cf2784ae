"""Sample invoices on a running host whose ERP is Tryton, judged by what Tryton's own client library reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import created_database, running_host
from hosts import rested, submit
from trytons import INSTALLED, MISSING, Tryton, running_tryton

pytestmark = pytest.mark.skipif(not INSTALLED, reason=MISSING)

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "graphs" / "samples" / "invoice_to_pay"
# The numbers and totals of the documents, the last one approved by a person.
BOOKED = {
    "01-clean-with-order.xml": ("RE-2026-0117", "1868.30", "EUR"),
    "03-no-order-small.xml": ("DL-26-1093", "480.00", "EUR"),
    "09-credit-note.xml": ("GS-2026-0009", "-148.75", "EUR"),
    "11-hybrid.pdf": ("FA-2026-0497", "649.00", "EUR"),
    "10-foreign-currency.xml": ("CI-2026-5521", "4470.00", "USD"),
}
REJECTED = "06-duplicate.xml"


class host_on_tryton(running_host):  # noqa: N801  used like a function
    """A host that finds its ERP where `make run ERP=tryton` would put it."""

    def __init__(self, database_url: str, data: Path, tryton: Tryton) -> None:
        super().__init__(database_url, data)
        self._environment |= tryton.environment
        self._environment["STEWARD_SERVERS"] = str(ROOT / "tools" / "tryton" / "servers.toml")


@dataclass(frozen=True)
class Done:
    """The cases by the names of their files, and what Tryton holds."""

    cases: dict[str, dict[str, Any]]
    books: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def done(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    folder = tmp_path_factory.mktemp("on-tryton")
    with (
        running_tryton(folder / "tryton") as tryton,
        created_database(postgres_url) as (_, url),
        host_on_tryton(url, folder, tryton) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        files = [*BOOKED, REJECTED]
        cases = {name: _through(client, SAMPLES / name) for name in files}
        yield Done(cases, tryton.told())


def _through(client: httpx.Client, file: Path) -> dict[str, Any]:
    """Bring a file to its end, and approve whatever is asked."""
    case = rested(client, submit(client, file)["id"])
    while case["status"] == "waiting":
        [review] = [one for one in case["reviews"] if one["status"] == "open"]
        client.post(
            f"/v1/reviews/{review['id']}/answer",
            json={"answer": {"decision": "approve", "comment": "seen"}},
            headers={"Steward-Actor": "ada"},
        ).raise_for_status()
        case = rested(client, case["id"])
    return case


@pytest.mark.parametrize("name", BOOKED)
def test_the_invoice_is_posted_once_in_trytons_books(done: Done, name: str) -> None:
    number, total, currency = BOOKED[name]

    [document] = [one for one in done.books["documents"] if one["reference"] == number]

    assert done.cases[name]["status"] == "succeeded"
    assert (document["state"], document["posted"]) == ("posted", True)
    assert (document["total"], document["currency"]) == (total, currency)
    assert f"booked as entry {document['number']}" in str(done.cases[name]["result"])


def test_nothing_else_stands_there_and_the_duplicate_is_rejected(done: Done) -> None:
    numbers = sorted(document["reference"] for document in done.books["documents"])

    assert numbers == sorted(number for number, _, _ in BOOKED.values())
    assert "rejected" in str(done.cases[REJECTED]["result"])


def test_what_is_owed_waits_in_tryton_as_a_submitted_payment(done: Done) -> None:
    payments = {one["invoice"]: (one["state"], one["amount"]) for one in done.books["payments"]}

    assert payments["RE-2026-0117"] == ("submitted", "1868.30")
    assert "GS-2026-0009" not in payments
