"""The sample invoices on a running host, judged by what the ERP's own database holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SHARED_INVOICES, created_database, running_host
from hosts import Books, all_cases, rested, submit

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"

EXPECTED = {
    "01-clean-with-order.xml": ("succeeded", None),
    "02-over-order.xml": ("waiting", "buyer"),
    "03-no-order-small.xml": ("succeeded", None),
    "04-no-order.xml": ("waiting", "buyer"),
    "05-unknown-supplier.xml": ("waiting", "purchasing"),
    "06-duplicate.xml": ("succeeded", "rejected"),
    "07-arithmetic-wrong.xml": ("succeeded", "rejected"),
    "08-changed-iban.xml": ("waiting", "treasury"),
    "09-credit-note.xml": ("succeeded", None),
    "10-foreign-currency.xml": ("waiting", "treasury"),
    "11-hybrid.pdf": ("succeeded", None),
    "12-above-limit.xml": ("waiting", "cfo"),
    "13-partly-received.xml": ("waiting", "buyer"),
    "14-incomplete.xml": ("waiting", "ap_clerk"),
    "15-scan-only.pdf": ("waiting", "ap_clerk"),
}


@dataclass(frozen=True)
class Done:
    """The samples after they went through: each case by its file's name, and the books."""

    client: httpx.Client
    cases: dict[str, dict[str, Any]]
    books: Books


@pytest.fixture(scope="module")
def done(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    data = tmp_path_factory.mktemp("samples")
    with (
        created_database(postgres_url) as (_, url),
        running_host(url, data) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        files = sorted(file for file in SAMPLES.iterdir() if file.suffix in {".xml", ".pdf"})
        cases = {file.name: rested(client, submit(client, file)["id"]) for file in files}
        yield Done(client, cases, Books(data / "erp.sqlite3"))


def test_there_is_an_expectation_for_every_sample(done: Done) -> None:
    assert done.cases.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_becomes_what_the_policy_says(done: Done, name: str) -> None:
    status, role = EXPECTED[name]
    case = done.cases[name]

    assert case["status"] == status, case["error"]
    if status == "waiting":
        (review,) = case["reviews"]
        assert (review["status"], review["role"]) == ("open", role)
        assert review["body"]["reason"]
    elif role == "rejected":
        assert case["result"].startswith("rejected: ")
        assert case["effects"] == []
    else:
        assert case["result"].startswith("booked as entry ")


def test_the_books_hold_each_booked_invoice_once_and_no_other(done: Done) -> None:
    booked = sorted(number for (number,) in done.books.rows("SELECT number FROM supplier_invoices"))

    expected = sorted(
        case["state"]["invoice"]["number"]
        for case in done.cases.values()
        if (case["result"] or "").startswith("booked")
    )
    assert booked == expected
    assert len(booked) == 4


def test_every_posted_entry_balances(done: Done) -> None:
    sums = done.books.rows("SELECT entry, SUM(debit), SUM(credit) FROM journal_lines GROUP BY entry")

    assert sums
    assert all(debit == credit > 0 for _, debit, credit in sums)


def test_a_payment_goes_to_the_account_in_the_master_data(done: Done) -> None:
    wrong = done.books.rows(
        "SELECT payments.id FROM payments JOIN supplier_invoices USING (entry)"
        " JOIN suppliers ON suppliers.id = supplier_invoices.supplier WHERE payments.iban <> suppliers.iban"
    )

    assert wrong == []
    assert len(done.books.rows("SELECT id FROM payments")) == 3


def test_each_effect_has_its_receipt_and_its_key_in_the_other_system(done: Done) -> None:
    effects = [effect for case in done.cases.values() for effect in case["effects"]]
    keys = {
        key for (key,) in done.books.rows("SELECT key FROM supplier_invoices UNION SELECT key FROM payments")
    }

    assert {effect["key"] for effect in effects} == keys
    assert all(effect["status"] == "done" and effect["receipt"] for effect in effects)


def test_a_decision_names_its_rule_and_its_facts(done: Done) -> None:
    decision = done.cases["02-over-order.xml"]["state"]["decision"]

    assert decision["rule"] == "IP-430"
    assert decision["facts"]["price_variance_pct"] == "8"
    assert decision["digest"]
    assert decision["because"]


def test_the_same_file_again_is_the_same_case(done: Done) -> None:
    before = all_cases(done.client)

    again = submit(done.client, SAMPLES / "01-clean-with-order.xml")

    assert again["id"] == done.cases["01-clean-with-order.xml"]["id"]
    assert len(all_cases(done.client)) == len(before)


def test_an_approved_invoice_is_booked_and_paid_once(done: Done) -> None:
    case = done.cases["13-partly-received.xml"]
    review = case["reviews"][0]["id"]
    answer = {"answer": {"decision": "approve", "comment": "the rest came today"}}

    accepted = done.client.post(f"/v1/reviews/{review}/answer", json=answer, headers={"Steward-Actor": "ben"})
    late = done.client.post(f"/v1/reviews/{review}/answer", json=answer, headers={"Steward-Actor": "cleo"})

    assert accepted.status_code == 200
    assert late.status_code == 409
    assert "ben" in late.json()["detail"]
    ended = rested(done.client, case["id"])
    assert ended["status"] == "succeeded", ended["error"]
    number = ended["state"]["invoice"]["number"]
    rows = done.books.rows(
        "SELECT COUNT(payments.id) FROM supplier_invoices JOIN payments USING (entry)"
        f" WHERE number = '{number}'"
    )
    assert rows == [(1,)]


def test_an_approval_for_an_unknown_supplier_is_looked_up_again_and_asked_again(done: Done) -> None:
    case = done.cases["05-unknown-supplier.xml"]
    review = case["reviews"][0]["id"]

    done.client.post(
        f"/v1/reviews/{review}/answer", json={"answer": {"decision": "approve"}}
    ).raise_for_status()

    again = rested(done.client, case["id"])
    assert again["status"] == "waiting"
    assert [one["status"] for one in again["reviews"]] == ["open", "answered"]
    assert again["effects"] == []


def test_a_better_document_replaces_one_that_cannot_be_read(done: Done) -> None:
    case = done.cases["15-scan-only.pdf"]
    review = case["reviews"][0]["id"]
    better = (SAMPLES / "03-no-order-small.xml").read_bytes().replace(b"EX-2026-", b"EX-2027-")
    stored = done.client.post("/v1/documents", files={"file": ("better.xml", better)}).json()

    answer = {"decision": "replace", "document": stored["id"]}
    done.client.post(f"/v1/reviews/{review}/answer", json={"answer": answer}).raise_for_status()

    ended = rested(done.client, case["id"])
    assert ended["state"]["document"] == stored["id"]
    assert ended["state"]["invoice"]["seller"]["name"] == "Donau Logistik GmbH"


def test_a_rejection_is_recorded_with_its_reason(done: Done) -> None:
    case = done.cases["08-changed-iban.xml"]
    review = case["reviews"][0]["id"]
    answer = {"decision": "reject", "comment": "the supplier knows nothing of this account"}

    done.client.post(f"/v1/reviews/{review}/answer", json={"answer": answer}).raise_for_status()

    ended = rested(done.client, case["id"])
    assert (ended["status"], ended["effects"]) == ("succeeded", [])
    assert ended["result"] == "rejected: the supplier knows nothing of this account"


@pytest.mark.skipif(not SHARED_INVOICES.is_dir(), reason="the shared invoices are not here")
def test_real_invoices_of_unknown_suppliers_are_never_booked(done: Done) -> None:
    files = sorted(SHARED_INVOICES.glob("*.xml"))
    before = done.books.rows("SELECT COUNT(*) FROM supplier_invoices")

    cases = [rested(done.client, submit(done.client, file)["id"]) for file in files]

    assert len(cases) >= 38
    assert {case["status"] for case in cases} == {"waiting"}
    assert all(case["state"]["invoice"] for case in cases)
    assert done.books.rows("SELECT COUNT(*) FROM supplier_invoices") == before
