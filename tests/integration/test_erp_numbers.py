"""What counts in the numbers that people write: of invoices, of orders, of VAT."""

import pytest
from erp_requests import book, search
from hypothesis import given
from hypothesis import strategies as st

from tools.erp.database import Database
from tools.erp.masterdata import find_supplier, get_order
from tools.erp.values import number_key


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "erp.sqlite3")
    yield database
    database.close()


@pytest.mark.parametrize(
    ("number", "key"),
    [
        ("RE-2026-0117", "RE2026-117"),
        ("RE 2026/0117", "RE2026-117"),
        ("re2026-117", "RE2026-117"),
        ("RE2026 / 00117 -", "RE2026-117"),
        ("00RE-2026-0117", "RE2026-117"),
        ("ＲＥ２０２６－０１１７", "RE2026-117"),
        ("RE20260117", "RE20260117"),
        ("000123", "123"),
        ("7-A-3", "7A3"),
        ("11-1", "11-1"),
        ("1-11", "1-11"),
        ("1--11", "1-11"),
        ("1_11", "1-11"),
        ("2026-000", "2026-0"),
        ("A10", "A10"),
        ("0-7", "0-7"),
        ("000", "0"),
        ("Straße 1", "STRASSE1"),
        (" -/. ", ""),
    ],
)
def test_a_number_is_reduced_to_what_counts_in_it(number, key):
    assert number_key(number) == key


@given(st.text(alphabet="aB0 1-7/_é", max_size=12))
def test_a_reduced_number_is_reduced_no_further(number):
    assert number_key(number_key(number)) == number_key(number)


@pytest.mark.parametrize("number", ["RE 2026/0117", "re-2026-0117", "RE2026-117", "00RE-2026-0117"])
def test_the_same_number_in_another_spelling_is_a_duplicate(database, number):
    first = book(database)

    second = book(database, key="k2", number=number)

    assert (second.status, second.code) == ("refused", "duplicate_invoice")
    assert first.entry in second.message


def test_a_number_with_its_separator_elsewhere_is_another_invoice(database):
    book(database, number="11-1")

    assert book(database, key="k2", number="1-11").status == "booked"


def test_a_credit_note_of_the_same_number_is_no_duplicate(database):
    book(database)

    assert book(database, key="k2", kind="credit_note").status == "booked"


def test_the_same_number_in_the_next_year_is_another_invoice(database):
    book(database, number="7", date="2026-12-31", due_date="2027-01-31")

    next_year = book(database, key="k2", number="7", date="2027-01-01", due_date="2027-01-31")
    again = book(database, key="k3", number="007", date="2027-06-30", due_date="2027-07-31")

    assert (next_year.status, again.code) == ("booked", "duplicate_invoice")


def test_invoices_of_one_number_are_found_in_all_years(database):
    book(database, number="7", date="2026-03-01")
    book(database, key="k2", number="0007", date="2027-03-01", due_date="2027-03-31", net=7, tax=0, total=7)

    found = search(database, number="07")

    assert [(one.number, one.date, one.total) for one in found] == [
        ("7", "2026-03-01", "1868.30"),
        ("0007", "2027-03-01", "0.07"),
    ]


def test_a_number_without_letter_or_digit_finds_nothing(database):
    book(database)

    assert search(database, number="---") == []


@pytest.mark.parametrize("number", ["PO-2026-0001", "po 2026/0001", " PO20260001 ", "p.o. 2026 0001"])
def test_an_order_is_found_by_the_letters_and_digits_of_its_number(database, number):
    assert get_order(database, number=number).order.number == "PO-2026-0001"


@pytest.mark.parametrize("number", ["PO-2026-001", "PO-2026-00010", "2026-0001", "---"])
def test_another_number_finds_no_order(database, number):
    assert not get_order(database, number=number).found


@pytest.mark.parametrize(
    "vat_id", ["de 129 273 398", "DE129/273/398", "DE.129.273.398", "de-129273398", "DE\u00a0129273398"]
)
def test_a_supplier_is_found_by_the_letters_and_digits_of_its_vat_id(database, vat_id):
    answer = find_supplier(database, vat_id=vat_id, name="Anybody", iban="")

    assert (answer.supplier.id, answer.supplier.vat_id) == ("S-1001", "DE129273398")
    assert answer.matched_by == "vat_id"
