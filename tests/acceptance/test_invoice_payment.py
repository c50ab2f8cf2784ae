"""Paying what is booked: discounts, a stop of cash, legal holds and two approvals, on a running host."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import created_database, running_host
from hosts import Books, rested, submit

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
SMALL = (SAMPLES / "03-no-order-small.xml").read_text()
STEEL = (SAMPLES / "08-changed-iban.xml").read_text()
LARGE = (SAMPLES / "12-above-limit.xml").read_text()
DONAU = "id = 'S-1003'"


class House:
    """A host, and the books of its ERP, in which the test enters holds, discounts and a stop of cash."""

    def __init__(self, client: httpx.Client, folder: Path) -> None:
        self.client = client
        self.books = Books(folder / "erp.sqlite3")
        self._folder = folder

    def enter(self, statement: str) -> None:
        with closing(sqlite3.connect(self._folder / "erp.sqlite3")) as connection, connection:
            connection.execute(statement)

    def receive(self, hundreds: int, *, issued_days_ago: int = 0) -> dict[str, Any]:
        """Hand in a small invoice of Donau Logistik over so many hundred EUR, due 14 days after its issue."""
        issued = datetime.now(UTC).date() - timedelta(days=issued_days_ago)
        text = re.sub(r"<cbc:IssueDate>[^<]*", f"<cbc:IssueDate>{issued}", SMALL, count=1)
        text = re.sub(r"<cbc:DueDate>[^<]*", f"<cbc:DueDate>{issued + timedelta(days=14)}", text, count=1)
        text = re.sub(r"<cbc:ID>[^<]*", f"<cbc:ID>D-{hundreds}", text, count=1)
        return self.hand_in(f"D-{hundreds}.xml", text.replace("480.00", f"{hundreds}00.00"))

    def hand_in(self, name: str, text: str) -> dict[str, Any]:
        file = self._folder / name
        file.write_text(text)
        return rested(self.client, submit(self.client, file)["id"])

    def answer(self, case: dict[str, Any], decision: str, *, actor: str = "ada", comment: str = "") -> Any:
        [review] = [one for one in case["reviews"] if one["status"] == "open"]
        self.client.post(
            f"/v1/reviews/{review['id']}/answer",
            json={"answer": {"decision": decision, "comment": comment}},
            headers={"Steward-Actor": actor},
        ).raise_for_status()
        return rested(self.client, case["id"])

    def payments(self, hundreds: int) -> list[tuple[Any, ...]]:
        return self.books.rows(
            "SELECT amount, payments.date FROM payments JOIN supplier_invoices USING (entry)"
            f" WHERE number = 'D-{hundreds}'"
        )


@pytest.fixture(scope="module")
def house(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("payments")
    with (
        created_database(postgres_url) as (_, url),
        running_host(url, folder) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield House(client, folder)


@pytest.fixture(autouse=True)
def plain_books(house: House) -> None:
    house.enter("UPDATE suppliers SET hold = 'none', discount_pct = '2', discount_days = 10")
    house.enter("UPDATE company SET cash_stop_until = NULL")


def day(*, ahead: int) -> str:
    return str(datetime.now(UTC).date() + timedelta(days=ahead))


def stop_cash(house: House) -> None:
    house.enter(f"UPDATE company SET cash_stop_until = '{day(ahead=5)}'")


def open_review(case: dict[str, Any]) -> dict[str, Any]:
    [review] = [one for one in case["reviews"] if one["status"] == "open"]
    found: dict[str, Any] = review
    return found


def test_a_discount_is_taken(house: House) -> None:
    case = house.receive(1)

    assert case["status"] == "succeeded", case["error"]
    assert house.payments(1) == [(9800, day(ahead=0))]


def test_when_the_discount_is_lost_the_whole_is_paid_when_it_is_due(house: House) -> None:
    house.receive(2, issued_days_ago=11)

    assert house.payments(2) == [(20000, day(ahead=3))]


def test_a_discount_while_cash_is_stopped_is_asked_with_the_cost_of_both(house: House) -> None:
    stop_cash(house)

    case = house.receive(3, issued_days_ago=1)

    review = open_review(case)
    assert (case["status"], review["role"]) == ("waiting", "controller")
    assert review["body"]["evidence"]["decision"]["rules"] == ["PA-100", "PA-110"]
    assert review["body"]["evidence"]["costs"] == {
        "to_wait": {"loses": "6.00 EUR", "pays": "300.00 EUR", "on": day(ahead=13)},
        "to_pay_now": {
            "saves": "6.00 EUR",
            "pays": "294.00 EUR",
            "on": day(ahead=0),
            "days_before_due": 13,
            "cash_stopped_until": day(ahead=5),
        },
    }
    assert house.payments(3) == []


@pytest.mark.parametrize(
    ("hundreds", "decision", "amount", "ahead"),
    [(4, "pay_early", 39200, 0), (5, "pay_when_due", 50000, 14)],
)
def test_what_the_controller_chooses_is_paid(
    house: House, hundreds: int, decision: str, amount: int, ahead: int
) -> None:
    stop_cash(house)
    case = house.receive(hundreds)

    ended = house.answer(case, decision)

    assert ended["status"] == "succeeded", ended["error"]
    assert house.payments(hundreds) == [(amount, day(ahead=ahead))]


def test_a_choice_made_before_a_hold_came_is_void(house: House) -> None:
    stop_cash(house)
    case = house.receive(6)
    house.enter(f"UPDATE suppliers SET hold = 'payment' WHERE {DONAU}")

    held = house.answer(case, "pay_early")

    assert (held["status"], open_review(held)["role"]) == ("waiting", "legal")
    assert house.payments(6) == []


def test_a_choice_between_other_sums_is_void(house: House) -> None:
    stop_cash(house)
    case = house.receive(8)
    house.enter(f"UPDATE suppliers SET discount_pct = '0.5' WHERE {DONAU}")

    again = house.answer(case, "pay_early")

    assert open_review(again)["body"]["evidence"]["costs"]["to_wait"]["loses"] == "4.00 EUR"
    assert house.payments(8) == []


def test_a_hold_keeps_the_money_whatever_is_answered_until_it_is_lifted(house: House) -> None:
    house.enter(f"UPDATE suppliers SET hold = 'payment' WHERE {DONAU}")
    case = house.receive(7)

    still = house.answer(case, "pay_early")
    assert (still["status"], house.payments(7)) == ("waiting", [])

    house.enter(f"UPDATE suppliers SET hold = 'none' WHERE {DONAU}")
    ended = house.answer(still, "check_again")

    assert ended["status"] == "succeeded", ended["error"]
    assert house.payments(7) == [(68600, day(ahead=0))]


def test_who_does_not_pay_says_why_and_the_case_ends_with_that(house: House) -> None:
    house.enter(f"UPDATE suppliers SET hold = 'payment' WHERE {DONAU}")

    ended = house.answer(house.receive(10), "do_not_pay", comment="paid to the court")

    assert ended["status"] == "succeeded"
    assert ended["result"].endswith("not paid: paid to the court")
    assert house.payments(10) == []


def test_a_sanctioned_supplier_is_for_legal_before_anything_is_booked(house: House) -> None:
    house.enter(f"UPDATE suppliers SET hold = 'all' WHERE {DONAU}")

    case = house.receive(9)

    assert (case["status"], open_review(case)["role"], case["effects"]) == ("waiting", "legal", [])


def test_what_a_framework_contract_tolerates_is_booked_without_anybody(house: House) -> None:
    order = "order_number = 'PO-2026-0007'"
    house.enter(f"UPDATE order_lines SET unit_price = '18.00', received = '58' WHERE {order}")
    text = re.sub(r"<ram:IBANID>[^<]*", "<ram:IBANID>DE64500105170000110011", STEEL)

    case = house.hand_in("steel.xml", text)

    decision = case["state"]["decision"]
    assert case["result"].startswith("booked as entry "), case
    assert decision["derived"]["price_tolerance_pct"] == "5"
    assert [one["id"] for one in decision["asked"]["invoice_tolerances"]["overlays"]] == ["steel_frame"]


def million(house: House, number: str) -> dict[str, Any]:
    """Hand in the instalment of the press line, ten times as large, on an order that is as large."""
    house.enter("UPDATE order_lines SET unit_price = '3100000.00' WHERE order_number = 'PO-2026-0006'")
    text = LARGE.replace("310000.00", "3100000.00").replace("58900.00", "589000.00")
    text = text.replace("368900.00", "3689000.00").replace("HA-2026-0311", number)
    return house.hand_in(f"{number}.xml", text)


def test_a_million_takes_two_approvals(house: House) -> None:
    case = million(house, "M-1")
    assert open_review(case)["question"].endswith("Approval 1 of 2.")

    once = house.answer(case, "approve")
    assert (once["status"], once["effects"]) == ("waiting", [])
    assert open_review(once)["question"].endswith("Approval 2 of 2.")
    twice = house.answer(once, "approve", actor="ben")

    assert twice["result"].startswith("booked as entry "), twice


def test_an_approval_of_facts_that_have_changed_does_not_count(house: House) -> None:
    case = million(house, "M-2")
    house.enter("UPDATE suppliers SET iban = 'DE89370400440532013000' WHERE id = 'S-1005'")

    once = house.answer(case, "approve")

    assert open_review(once)["question"].endswith("Approval 1 of 2.")
