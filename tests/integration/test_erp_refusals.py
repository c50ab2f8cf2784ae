"""What the ERP does not book, by code, and that a refusal writes nothing."""

import sqlite3
from contextlib import closing

import pytest
from erp_requests import billed, book, book_total, entries

from tools.erp.database import Database
from tools.erp.masterdata import get_order

ORDER = "PO-2026-0003"
"""Of its only line six are ordered and four received."""

PLACED = {"supplier": "S-1003", "order": ORDER}
FOREIGN = {"currency": "SEK", "net": 5, "tax": 0, "total": 5}


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "erp.sqlite3")
    yield database
    database.close()


def dump(database):
    with closing(sqlite3.connect(database.path)) as connection:
        return list(connection.iterdump())


def credit(database, number, total, *preceding, **changes):
    return book_total(database, number, total, kind="credit_note", preceding=preceding, **changes)


def invoiced(database):
    return get_order(database, number=ORDER).order.lines[0].invoiced


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplier": "S-9999"}, "unknown_supplier"),
        ({"currency": "JPY"}, "unknown_currency"),
        ({"currency": "USD", "date": "2025-12-31"}, "unknown_currency"),
        ({"order": "PO-0"}, "unknown_order"),
        ({"order": "---"}, "unknown_order"),
        ({"order": "PO-2026-0002"}, "other_suppliers_order"),
        ({"order": "PO-2026-0001", "lines": (billed(7, "1"),)}, "unknown_order_line"),
        ({"order": "PO-2026-0001", "lines": (billed(1, "100.000001"),)}, "over_received"),
        ({"kind": "credit_note", "preceding": ("RE-1",)}, "unknown_preceding"),
        ({"kind": "credit_note", "preceding": ("---",)}, "unknown_preceding"),
    ],
)
def test_a_refusal_has_its_code_and_writes_nothing(database, changes, code):
    before = dump(database)

    answer = book(database, **changes)

    assert (answer.status, answer.code, answer.entry) == ("refused", code, None)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total": 186831}, "total: 1868.31 is not net 1570.00 plus tax 298.30"),
        ({"net": 0, "tax": 0, "total": 0}, "total: there is nothing to book"),
        (FOREIGN, "total: 0.05 SEK is less than a cent in the base currency"),
        ({"number": "---"}, "number: '---' has no letter and no digit"),
        ({"due_date": "2026-09-13"}, "due_date: 2026-09-13 is before the date 2026-09-14"),
        ({"preceding": ("RE-1",)}, "preceding: only a credit note credits invoices"),
        ({"lines": (billed(1, "1"),)}, "lines: they bill lines of an order, and no order is named"),
        ({"order": "PO-2026-0001", "lines": (billed(1, "0"),)}, "lines: quantity: there is nothing to bill"),
        (
            {"order": "PO-2026-0001", "lines": (billed(1, "1"),) * 2},
            "lines: one line of the order appears twice",
        ),
    ],
)
def test_a_request_that_contradicts_itself_is_unbookable_and_the_message_names_the_field(
    database, changes, message
):
    before = dump(database)

    answer = book(database, **changes)

    assert (answer.status, answer.code, answer.message) == ("refused", "unbookable", message)
    assert dump(database) == before


def test_all_that_contradicts_itself_is_named_at_once(database):
    answer = book(database, total=1, due_date="2026-09-13")

    assert answer.message == (
        "total: 0.01 is not net 1570.00 plus tax 298.30; due_date: 2026-09-13 is before the date 2026-09-14"
    )


def test_what_converts_to_a_cent_is_booked(database):
    assert book(database, **{**FOREIGN, "net": 6, "total": 6}).status == "booked"


def test_a_refused_request_may_come_again_under_its_key_with_other_arguments(database):
    book(database, total=1)

    assert book(database).status == "booked"


def test_an_order_is_booked_under_its_own_number(database):
    answer = book(database, supplier="S-1003", order="po 2026/0003", lines=(billed(1, "4"),))

    assert answer.status == "booked"
    assert invoiced(database) == "4"


def test_invoices_bill_together_no_more_than_was_received(database):
    book(database, **PLACED, lines=(billed(1, "2.5"),))

    over = book(database, key="k2", number="RE-2", **PLACED, lines=(billed(1, "1.6"),))
    exactly = book(database, key="k3", number="RE-3", **PLACED, lines=(billed(1, "1.5"),))

    assert (over.code, exactly.status) == ("over_received", "booked")
    assert over.message == "order PO-2026-0003, line 1: 4 was received, 2.5 billed before, 1.6 now"
    assert invoiced(database) == "4"


def test_more_than_was_received_is_booked_despite_it(database):
    answer = book(database, **PLACED, lines=(billed(1, "5"),), despite=("over_received",))

    assert answer.status == "booked"
    assert invoiced(database) == "5"


def test_what_was_taken_back_may_be_billed_again(database):
    book(database, **PLACED, lines=(billed(1, "4"),))
    book(database, key="k2", kind="credit_note", **PLACED, lines=(billed(1, "3"),))

    over = book(database, key="k3", number="RE-2", **PLACED, lines=(billed(1, "3.1"),))
    exactly = book(database, key="k4", number="RE-3", **PLACED, lines=(billed(1, "3"),))

    assert (over.code, exactly.status) == ("over_received", "booked")


def test_a_credit_note_takes_back_no_more_than_was_billed(database):
    book(database, **PLACED, lines=(billed(1, "1"),))

    answer = book(database, key="k2", kind="credit_note", **PLACED, lines=(billed(1, "1.1"),))

    assert (answer.status, answer.code) == ("refused", "unbookable")
    assert invoiced(database) == "1"


def test_credit_notes_come_together_to_no_more_than_their_invoice(database):
    book_total(database, "RE-1", 10000)
    first = credit(database, "GS-1", 6000, "re 01")

    over = credit(database, "GS-2", 4001, "RE-1")
    exactly = credit(database, "GS-3", 4000, "RE-1")

    assert [first.status, over.code, exactly.status] == ["booked", "credit_exceeds", "booked"]
    assert over.message == "100.00 EUR was billed, 60.00 credited before, 40.01 now"


def test_a_credit_note_on_several_invoices_may_come_to_their_sum(database):
    for number in ("RE-1", "RE-2"):
        book_total(database, number, 10000)

    over = credit(database, "GS-1", 20001, "RE-1", "RE-2")
    exactly = credit(database, "GS-2", 20000, "RE-1", "RE-2")
    more = credit(database, "GS-3", 1, "RE-2")

    assert [over.code, exactly.status, more.code] == ["credit_exceeds", "booked", "credit_exceeds"]


def test_an_invoice_named_twice_counts_once(database):
    book_total(database, "RE-1", 10000)

    assert credit(database, "GS-1", 10001, "RE-1", "RE 1").code == "credit_exceeds"
    assert credit(database, "GS-1", 10000, "RE-1", "RE 1").status == "booked"


def test_a_credit_note_without_preceding_is_compared_with_nothing(database):
    book_total(database, "RE-1", 10000)
    alone = credit(database, "GS-1", 999999)

    assert alone.status == "booked"
    assert credit(database, "GS-2", 10000, "RE-1").status == "booked"


def test_another_suppliers_invoice_is_no_preceding_one(database):
    book_total(database, "RE-1", 10000, supplier="S-1002")

    assert credit(database, "GS-1", 1, "RE-1").code == "unknown_preceding"


def test_a_credit_note_is_no_preceding_invoice(database):
    credit(database, "GS-1", 10000)

    assert credit(database, "GS-2", 1, "GS-1").code == "unknown_preceding"


def test_a_preceding_invoice_in_another_currency_is_unbookable(database):
    book_total(database, "RE-1", 10000, currency="USD")

    answer = credit(database, "GS-1", 1, "RE-1")

    assert (answer.code, answer.message) == (
        "unbookable",
        "preceding: 'RE-1' is in USD, the credit note in EUR",
    )


@pytest.mark.parametrize(
    ("day", "limit"), [("2025-06-30", 10), ("2026-12-31", 10), ("2027-06-30", 20), ("2028-12-31", 30)]
)
def test_of_invoices_of_one_number_the_latest_until_then_is_credited_else_the_first(database, day, limit):
    for total, year in ((10, 2026), (20, 2027), (30, 2028)):
        book_total(database, "7", total, date=f"{year}-06-30", due_date=f"{year}-06-30")

    over = credit(database, "GS-1", limit + 1, "7", date=day, due_date=day)
    exactly = credit(database, "GS-1", limit, "7", date=day, due_date=day)

    assert (over.code, exactly.status) == ("credit_exceeds", "booked")


def test_the_preceding_invoices_belong_to_what_a_key_stands_for(database):
    book_total(database, "RE-1", 10000)
    first = credit(database, "GS-1", 100, "RE-1")

    again = credit(database, "GS-1", 100, "RE-1")

    assert (again.entry, again.repeated) == (first.entry, True)
    with pytest.raises(ValueError, match="key_conflict"):
        credit(database, "GS-1", 100)
    assert len(entries(database)) == 2
