"""Documents that look ordinary and must not be booked unasked, each one change to a clean invoice."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hosts import PROCESS, rested

CLEAN = (
    Path(__file__).resolve().parents[2] / "graphs/samples/invoice_to_pay/01-clean-with-order.xml"
).read_bytes()
NUMBERS = count(1)

Change = tuple[bytes, bytes]

PAYEE = b"<cac:PayeeParty><cac:PartyName><cbc:Name>Bank AG</cbc:Name></cac:PartyName></cac:PayeeParty>"
PREPAID = b'<cbc:PrepaidAmount currencyID="EUR">868.30</cbc:PrepaidAmount>'

CASES: dict[str, tuple[str, list[Change]]] = {
    "addressed_to_another": ("ap_clerk", [(b"Halden Werke GmbH", b"Other GmbH")]),
    "another_name_under_the_vat_id": (
        "purchasing",
        [(b"Bergmann Stahlhandel GmbH", b"Totally Different Ltd")],
    ),
    "collected_by_the_supplier": (
        "treasury",
        [(b">58</cbc:PaymentMeansCode>", b">59</cbc:PaymentMeansCode>")],
    ),
    "another_payee": ("treasury", [(b"<cac:PaymentMeans>", PAYEE + b"<cac:PaymentMeans>")]),
    "correction": ("ap_clerk", [(b">380<", b">384<")]),
    "prepaid": (
        "ap_clerk",
        [
            (
                b'<cbc:PayableAmount currencyID="EUR">1868.30',
                PREPAID + b'<cbc:PayableAmount currencyID="EUR">1000.00',
            ),
        ],
    ),
    "issued_in_the_future": (
        "ap_clerk",
        [(b"<cbc:IssueDate>2026", b"<cbc:IssueDate>2095"), (b"DueDate>2026", b"DueDate>2095")],
    ),
}


@pytest.fixture(scope="module")
def client(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url, timeout=60) as client:
        yield client


def put_through(client: httpx.Client, changes: list[Change]) -> dict[str, Any]:
    content = CLEAN.replace(b"RE-2026-0117", b"RE-2030-%04d" % next(NUMBERS))
    for old, new in changes:
        assert old in content, old
        content = content.replace(old, new)
    case = client.post(PROCESS, files={"file": ("invoice.xml", content)}).raise_for_status().json()
    return rested(client, case["id"])


@pytest.mark.parametrize(("role", "changes"), CASES.values(), ids=CASES.keys())
def test_it_is_asked_and_nothing_is_booked(client: httpx.Client, role: str, changes: list[Change]) -> None:
    case = put_through(client, changes)

    assert case["status"] == "waiting", case["error"] or case["result"]
    assert [review["role"] for review in case["reviews"]] == [role]
    assert case["effects"] == []


def test_what_was_prepaid_is_not_paid_again(client: httpx.Client) -> None:
    case = put_through(client, CASES["prepaid"][1])
    review = case["reviews"][0]["id"]

    client.post(f"/v1/reviews/{review}/answer", json={"answer": {"decision": "approve"}}).raise_for_status()

    ended = rested(client, case["id"])
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["state"]["payment"]["amount"] == "1000.00"


@pytest.mark.parametrize("name", ["collected_by_the_supplier", "another_payee"])
def test_what_goes_another_way_is_booked_and_not_transferred(client: httpx.Client, name: str) -> None:
    case = put_through(client, CASES[name][1])
    review = case["reviews"][0]["id"]

    client.post(f"/v1/reviews/{review}/answer", json={"answer": {"decision": "approve"}}).raise_for_status()

    ended = rested(client, case["id"])
    assert ended["status"] == "succeeded", ended["error"]
    assert [effect["tool"] for effect in ended["effects"]] == ["book_invoice"]


def test_an_approval_counts_only_for_the_facts_that_were_approved(client: httpx.Client) -> None:
    """Two invoices over one receipt wait; once the first is booked, the second is asked again."""
    first, second = (put_through(client, CASES["correction"][1]) for _ in range(2))
    answer = {"answer": {"decision": "approve"}}
    client.post(f"/v1/reviews/{first['reviews'][0]['id']}/answer", json=answer).raise_for_status()
    booked = rested(client, first["id"])

    client.post(f"/v1/reviews/{second['reviews'][0]['id']}/answer", json=answer).raise_for_status()

    again = rested(client, second["id"])
    assert booked["result"].startswith("booked"), booked["reviews"]
    assert again["status"] == "waiting"
    assert again["effects"] == []
