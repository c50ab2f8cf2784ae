"""The ERP's books and master data."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from erp_requests import billed, book, entries, search

from tools.erp.booking import KeyConflict
from tools.erp.database import Database
from tools.erp.journal import trial_balance
from tools.erp.masterdata import convert_amount, find_supplier, get_company, get_order


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


def test_second_booking_with_the_same_key_returns_the_first_entry(database):
    first = book(database)

    second = book(database)

    assert (second.entry, second.posted_at, second.repeated) == (first.entry, first.posted_at, True)
    assert len(entries(database)) == 1


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


def test_an_invoice_debits_cost_and_tax_and_credits_payables(database):
    book(database)

    sides = [(line.account, line.debit, line.credit) for line in entries(database)[0].lines]

    assert sides == [("6300", "1570.00", "0.00"), ("1406", "298.30", "0.00"), ("3300", "0.00", "1868.30")]


def test_a_credit_note_is_the_mirror_image(database):
    book(database, kind="credit_note", order="PO-2026-0001", net=12500, tax=2375, total=14875)

    sides = [(line.account, line.debit, line.credit) for line in entries(database)[0].lines]

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
    lines = (billed(1, "100"), billed(2, "40"))
    book(database, order="PO-2026-0001", lines=lines)
    fully = get_order(database, number="PO-2026-0001").order
    credited = (billed(1, "10.5"),)
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


def test_the_company_is_the_seeds(database):
    company = get_company(database)

    assert (company.name, company.vat_id, company.city) == ("Halden Werke GmbH", "DE811907980", "Hamburg")


def test_a_known_name_under_a_foreign_vat_id_is_not_found(database):
    answer = find_supplier(database, vat_id="DE999999999", name="Bergmann Stahlhandel GmbH", iban="")

    assert not answer.found


def test_a_supplier_without_vat_id_is_found_by_exact_name(database):
    answer = find_supplier(database, vat_id="", name="BERGMANN  Stahlhandel GmbH.", iban="")

    assert (answer.supplier.id, answer.matched_by) == ("S-1001", "name")


def test_two_suppliers_of_one_name_are_told_apart_by_their_account(database, raw):
    raw.execute(
        "INSERT INTO suppliers (id, name, name_key, vat_id, city, country, currency, iban, terms_days)"
        " SELECT 'S-2', name, name_key, 'DE2', city, country, currency, 'DE2IBAN', 1"
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


def test_a_supplier_has_neither_hold_nor_discount_until_one_is_entered(database, raw):
    before = find_supplier(database, vat_id="DE129273398", name="", iban="").supplier
    raw.execute("UPDATE suppliers SET hold = 'payment', discount_pct = '2.5', discount_days = 10")
    after = find_supplier(database, vat_id="DE129273398", name="", iban="").supplier

    assert (before.hold, before.discount_pct, before.discount_days) == ("none", None, None)
    assert (after.hold, after.discount_pct, after.discount_days) == ("payment", "2.5", 10)


@pytest.mark.parametrize("change", ["hold = 'perhaps'", "discount_days = 14", "discount_pct = '2'"])
def test_a_hold_of_another_kind_and_half_a_discount_are_refused(raw, change):
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(f"UPDATE suppliers SET {change} WHERE id = 'S-1001'")


def test_an_order_names_its_contract_if_it_is_under_one(database):
    orders = [get_order(database, number=number).order for number in ("PO-2026-0007", "PO-2026-0001")]

    assert [order.contract for order in orders] == ["FC-2026-17", None]
