"""The ERP's books, and what the database itself refuses."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest

from tools.erp.booking import KeyConflict, Request, book_invoice
from tools.erp.database import Database
from tools.erp.invoices import find_invoices
from tools.erp.journal import list_entries, trial_balance
from tools.erp.masterdata import convert_amount, find_supplier, get_order
from tools.erp.payments import schedule_payment
from tools.erp.values import BilledLine

REQUEST = {
    "supplier": "S-1001",
    "number": "RE-2026-0117",
    "kind": "invoice",
    "date": "2026-09-14",
    "due_date": "2026-10-14",
    "currency": "EUR",
    "net": 157000,
    "tax": 29830,
    "total": 186830,
    "order": "",
    "lines": (),
}


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "erp.sqlite3")
    yield database
    database.close()


@pytest.fixture
def raw(database):
    connection = sqlite3.connect(database.path, isolation_level=None)
    yield connection
    connection.close()


def book(database, *, key="k1", **changes):
    return book_invoice(database, Request(**{**REQUEST, **changes}), key=key)


def search(database, **criteria):
    nothing = {"number": "", "total": "", "currency": "", "date": "", "days": 7}
    return find_invoices(database, **{"supplier": "S-1001", **nothing, **criteria}).invoices


def test_second_booking_with_the_same_key_returns_the_first_entry(database):
    first = book(database)

    second = book(database)

    assert (second.entry, second.posted_at, second.repeated) == (first.entry, first.posted_at, True)
    assert len(list_entries(database, limit=10).entries) == 1


def test_twenty_threads_with_one_key_book_one_entry(database):
    together = Barrier(20)

    def book_together(_):
        together.wait()
        return book(database)

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(book_together, range(20)))

    assert {answer.entry for answer in answers} == {"JE-000001"}
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 19


def test_a_key_with_other_arguments_is_a_conflict(database):
    book(database)

    with pytest.raises(KeyConflict, match="key_conflict"):
        book(database, number="RE-2026-0118")


@pytest.mark.parametrize("number", ["RE 2026/0117", "re-2026-0117", "RE20260117", "00RE-2026-0117"])
def test_the_same_number_in_another_spelling_is_a_duplicate(database, number):
    first = book(database)

    second = book(database, key="k2", number=number)

    assert (second.status, second.code) == ("refused", "duplicate_invoice")
    assert first.entry in second.message


def test_a_credit_note_of_the_same_number_is_no_duplicate(database):
    book(database)

    assert book(database, key="k2", kind="credit_note").status == "booked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplier": "S-9999"}, "unknown_supplier"),
        ({"currency": "JPY"}, "unknown_currency"),
        ({"currency": "USD", "date": "2025-12-31"}, "unknown_currency"),
        ({"order": "PO-0"}, "unknown_order"),
        ({"order": "PO-2026-0002"}, "other_suppliers_order"),
        ({"order": "PO-2026-0001", "lines": (BilledLine(order_line=7, quantity="1"),)}, "unknown_order_line"),
    ],
)
def test_a_refusal_has_its_code_and_writes_nothing(database, changes, code):
    answer = book(database, **changes)

    assert (answer.status, answer.code, answer.entry) == ("refused", code, None)
    assert list_entries(database, limit=10).entries == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total": 186831}, "total"),
        ({"net": 0, "tax": 0, "total": 0}, "total"),
        ({"number": "---"}, "number"),
        ({"due_date": "2026-09-13"}, "due_date"),
        ({"lines": (BilledLine(order_line=1, quantity="1"),)}, "lines"),
        ({"order": "PO-2026-0001", "lines": (BilledLine(order_line=1, quantity="0"),)}, "lines"),
        ({"order": "PO-2026-0001", "lines": (BilledLine(order_line=1, quantity="1"),) * 2}, "lines"),
    ],
)
def test_a_request_that_contradicts_itself_is_an_error_that_names_the_field(database, changes, field):
    with pytest.raises(ValueError, match=f"^{field}: "):
        book(database, **changes)

    assert list_entries(database, limit=10).entries == []


def test_an_invoice_debits_cost_and_tax_and_credits_payables(database):
    book(database)

    sides = [
        (line.account, line.debit, line.credit) for line in list_entries(database, limit=1).entries[0].lines
    ]

    assert sides == [("6300", "1570.00", "0.00"), ("1406", "298.30", "0.00"), ("3300", "0.00", "1868.30")]


def test_a_credit_note_is_the_mirror_image(database):
    book(database, kind="credit_note", order="PO-2026-0001", net=12500, tax=2375, total=14875)

    sides = [
        (line.account, line.debit, line.credit) for line in list_entries(database, limit=1).entries[0].lines
    ]

    assert sides == [("5400", "0.00", "125.00"), ("1406", "0.00", "23.75"), ("3300", "148.75", "0.00")]


def test_rounding_of_a_foreign_currency_keeps_the_books_balanced(database):
    for cents in range(1, 40):
        book(
            database,
            key=f"k{cents}",
            number=f"N{cents}",
            currency="USD",
            net=cents,
            tax=cents * 3,
            total=cents * 4,
        )

    balance = trial_balance(database)

    assert balance.balanced
    assert Decimal(balance.debit) > 0


def test_an_order_counts_what_was_invoiced_and_credited(database):
    lines = (BilledLine(order_line=1, quantity="100"), BilledLine(order_line=2, quantity="40"))
    book(database, order="PO-2026-0001", lines=lines)
    fully = get_order(database, number="PO-2026-0001").order
    credited = (BilledLine(order_line=1, quantity="10.5"),)
    book(database, key="k2", kind="credit_note", order="PO-2026-0001", lines=credited)

    order = get_order(database, number="PO-2026-0001").order

    assert fully.status == "invoiced"
    assert [line.invoiced for line in order.lines] == ["89.5", "40"]
    assert order.status == "received"


@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        ({"number": "re 2026 0117"}, ["number"]),
        ({"number": "RE-1"}, []),
        ({"total": "1868.30", "currency": "EUR", "date": "2026-09-21"}, ["amount"]),
        ({"total": "1868.30", "currency": "EUR", "date": "2026-09-22"}, []),
        ({"total": "1868.30", "currency": "USD", "date": "2026-09-14"}, []),
        ({"number": "x", "total": "1868.30", "currency": "EUR", "date": "2026-09-10"}, ["amount"]),
        ({"number": "RE-2026-0117", "total": "1868.30", "currency": "EUR", "date": "2026-09-10"}, ["number"]),
        ({"supplier": "S-1002", "number": "RE-2026-0117"}, []),
    ],
)
def test_booked_invoices_are_found_by_number_and_by_amount(database, criteria, matches):
    book(database)

    assert [invoice.matched_by for invoice in search(database, **criteria)] == matches


def test_a_supplier_is_found_by_vat_id_whatever_its_spacing(database):
    answer = find_supplier(database, vat_id="de 129 273 398", name="Anybody", iban="")

    assert (answer.supplier.id, answer.matched_by) == ("S-1001", "vat_id")


def test_a_known_name_under_a_foreign_vat_id_is_not_found(database):
    answer = find_supplier(database, vat_id="DE999999999", name="Bergmann Stahlhandel GmbH", iban="")

    assert not answer.found


def test_a_supplier_without_vat_id_is_found_by_exact_name(database):
    answer = find_supplier(database, vat_id="", name="BERGMANN  Stahlhandel GmbH.", iban="")

    assert (answer.supplier.id, answer.matched_by) == ("S-1001", "name")


def test_two_suppliers_of_one_name_are_told_apart_by_their_account(database, raw):
    raw.execute(
        "INSERT INTO suppliers SELECT 'S-2', name, name_key, 'DE2', city, country, currency, 'DE2IBAN', 1"
        " FROM suppliers WHERE id = 'S-1001'"
    )

    answer = find_supplier(database, vat_id="", name="Bergmann Stahlhandel GmbH", iban="DE2 IBAN")
    neither = find_supplier(database, vat_id="", name="Bergmann Stahlhandel GmbH", iban="")

    assert (answer.supplier.id, answer.matched_by) == ("S-2", "name_and_iban")
    assert not neither.found


def test_an_account_alone_finds_nobody(database):
    with pytest.raises(ValueError, match="vat_id"):
        find_supplier(database, vat_id="", name="", iban="DE64500105170000110011")


@pytest.mark.parametrize(
    ("amount", "currency", "euros"),
    [("100.00", "EUR", "100.00"), ("0.25", "USD", "0.22"), ("-0.25", "USD", "-0.22"), ("1", "SEK", "0.09")],
)
def test_conversion_rounds_half_up_to_cents(database, amount, currency, euros):
    assert convert_amount(database, amount=amount, currency=currency, date="2026-09-01").amount == euros


def test_a_currency_without_a_rate_is_not_found(database):
    assert not convert_amount(database, amount="1.00", currency="JPY", date="2026-09-01").found


def test_a_payment_goes_to_the_account_in_the_master_data(database):
    entry = book(database).entry

    payment = schedule_payment(database, key="p1", entry=entry, date="2026-10-14")

    assert (payment.iban, payment.amount, payment.currency) == ("DE64500105170000110011", "1868.30", "EUR")


def test_a_repeated_payment_returns_the_first(database):
    entry = book(database).entry
    first = schedule_payment(database, key="p1", entry=entry, date="2026-10-14")

    second = schedule_payment(database, key="p1", entry=entry, date="2026-10-14")

    assert second.model_dump() == {**first.model_dump(), "repeated": True}


def test_a_payment_key_with_other_arguments_is_a_conflict(database):
    entry = book(database).entry
    schedule_payment(database, key="p1", entry=entry, date="2026-10-14")

    with pytest.raises(KeyConflict):
        schedule_payment(database, key="p1", entry=entry, date="2026-10-15")


@pytest.mark.parametrize("code", ["already_scheduled", "credit_note", "unknown_entry"])
def test_a_payment_is_refused_with_its_code(database, code):
    entries = {
        "already_scheduled": book(database).entry,
        "credit_note": book(database, key="k2", kind="credit_note").entry,
        "unknown_entry": "JE-000099",
    }
    schedule_payment(database, key="p1", entry=entries["already_scheduled"], date="2026-10-14")

    payment = schedule_payment(database, key="p2", entry=entries[code], date="2026-10-14")

    assert (payment.status, payment.code) == ("refused", code)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_lines SET debit = debit + 1 WHERE line = 1",
        "DELETE FROM journal_lines WHERE line = 1",
        "INSERT INTO journal_lines VALUES (1, 9, '6300', 1, 0)",
        "INSERT OR REPLACE INTO journal_lines VALUES (1, 1, '6300', 1, 0)",
        "UPDATE journal_entries SET posted_at = NULL WHERE id = 1",
        "UPDATE journal_entries SET id = 7 WHERE id = 1",
        "DELETE FROM journal_entries WHERE id = 1",
        "INSERT OR REPLACE INTO journal_entries VALUES (1, '2026-01-01', 'x', NULL)",
        "INSERT INTO journal_entries VALUES (9, '2026-01-01', 'x', '2026-01-01')",
        "UPDATE supplier_invoices SET total = total + 1, net = net + 1",
        "DELETE FROM supplier_invoices",
        "INSERT OR REPLACE INTO supplier_invoices SELECT * FROM supplier_invoices WHERE entry = 1",
        "INSERT INTO invoice_lines VALUES (1, 'PO-2026-0001', 1, '5')",
        "UPDATE payments SET iban = 'DE81100100100000666066'",
        "DELETE FROM payments",
        "INSERT INTO payments VALUES (NULL, 'p9', '', 1, 'DE81100100100000666066', 1, 'EUR', '2026-10-14')",
        "INSERT OR REPLACE INTO payments VALUES (1, 'p1', '', 1, 'DE81', 1, 'EUR', '2026-10-14')",
    ],
)
def test_raw_sql_cannot_touch_what_is_booked(database, raw, statement):
    schedule_payment(database, key="p1", entry=book(database).entry, date="2026-10-14")
    before = list(raw.iterdump())

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)

    assert list(raw.iterdump()) == before


@pytest.mark.parametrize(
    "lines", [[], [("6300", 100, 0)], [("6300", 100, 0), ("3300", 0, 99)], [("6300", 100, 0), ("3300", 1, 0)]]
)
def test_raw_sql_cannot_post_an_entry_out_of_balance(raw, database, lines):
    raw.execute("INSERT INTO journal_entries (id, date, text) VALUES (1, '2026-01-01', 'x')")
    for number, line in enumerate(lines):
        raw.execute("INSERT INTO journal_lines VALUES (1, ?, ?, ?, ?)", (number, *line))

    with pytest.raises(sqlite3.IntegrityError, match="debit equals credit"):
        raw.execute("UPDATE journal_entries SET posted_at = 'now' WHERE id = 1")

    assert trial_balance(database).debit == "0.00"


@pytest.mark.parametrize(("debit", "credit"), [(-5, 0), (0, 0), (5, 5), (0, -5)])
def test_a_line_has_one_positive_side(raw, debit, credit):
    raw.execute("INSERT INTO journal_entries (id, date, text) VALUES (1, '2026-01-01', 'x')")

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute("INSERT INTO journal_lines VALUES (1, 1, '6300', ?, ?)", (debit, credit))


def test_an_open_database_is_not_seeded_again(database):
    book(database)
    again = Database(database.path)

    assert len(list_entries(again, limit=10).entries) == 1
    again.close()
