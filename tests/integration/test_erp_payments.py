"""The payments of booked invoices."""

import pytest
from erp_requests import book

from tools.erp.booking import KeyConflict
from tools.erp.database import Database
from tools.erp.payments import schedule_payment
from tools.erp.request import PaymentRequest

ACCOUNT = "DE64500105170000110011"


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "erp.sqlite3")
    yield database
    database.close()


def pay(database, entry, *, key="p1", **fields):
    request = {
        "entry": entry,
        "supplier": "S-1001",
        "iban": ACCOUNT,
        "currency": "EUR",
        "date": "2026-10-14",
        **fields,
    }
    return schedule_payment(database, PaymentRequest(**request), key=key)


def test_a_payment_goes_to_the_account_in_the_master_data(database):
    entry = book(database).entry

    payment = pay(database, entry)

    assert (payment.iban, payment.amount, payment.currency) == (ACCOUNT, "1868.30", "EUR")


def test_a_repeated_payment_returns_the_first(database):
    entry = book(database).entry
    first = pay(database, entry)

    second = pay(database, entry)

    assert second.model_dump() == {**first.model_dump(), "repeated": True}


def test_a_payment_key_with_other_arguments_is_a_conflict(database):
    entry = book(database).entry
    pay(database, entry)

    with pytest.raises(KeyConflict):
        pay(database, entry, date="2026-10-15")


@pytest.mark.parametrize("code", ["already_scheduled", "credit_note", "unknown_entry"])
def test_a_payment_is_refused_with_its_code(database, code):
    entries = {
        "already_scheduled": book(database).entry,
        "credit_note": book(database, key="k2", kind="credit_note").entry,
        "unknown_entry": "JE-000099",
    }
    pay(database, entries["already_scheduled"])

    payment = pay(database, entries[code], key="p2")

    assert (payment.status, payment.code) == ("refused", code)


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ({"supplier": "S-1002"}, "other_supplier"),
        ({"iban": "DE00500105170000110011"}, "other_account"),
        ({"currency": "USD"}, "other_currency"),
    ],
)
def test_a_supplier_or_currency_that_is_not_the_entrys_is_refused(database, claim, code):
    entry = book(database).entry

    refused = pay(database, entry, **claim)

    assert (refused.status, refused.code, refused.payment) == ("refused", code, None)
    assert pay(database, entry).payment == "PAY-000001"


@pytest.mark.parametrize(
    ("amount", "paid"), [("1868.30", "1868.30"), ("1868.3", "1868.30"), ("0.01", "0.01")]
)
def test_an_amount_up_to_the_total_is_paid_as_stated(database, amount, paid):
    payment = pay(database, book(database).entry, amount=amount)

    assert (payment.status, payment.amount) == ("scheduled", paid)


@pytest.mark.parametrize(
    ("amount", "code"), [("1868.31", "amount_exceeds"), ("0", "unbookable"), ("0.00", "unbookable")]
)
def test_nothing_and_more_than_the_total_are_refused_and_leave_the_invoice_to_be_paid(database, amount, code):
    entry = book(database).entry

    refused = pay(database, entry, amount=amount)

    assert (refused.status, refused.code, refused.payment) == ("refused", code, None)
    assert pay(database, entry).payment == "PAY-000001"


@pytest.mark.parametrize(("first", "second"), [("100", "100.01"), ("100", ""), ("", "1868.30")])
def test_the_amount_belongs_to_what_a_payment_key_stands_for(database, first, second):
    entry = book(database).entry
    pay(database, entry, amount=first)

    with pytest.raises(KeyConflict):
        pay(database, entry, amount=second)


def test_an_amount_in_another_spelling_is_the_same_payment(database):
    entry = book(database).entry
    first = pay(database, entry, amount="100")

    assert pay(database, entry, amount="100.00").model_dump() == {**first.model_dump(), "repeated": True}
