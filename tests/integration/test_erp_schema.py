"""What the ERP's database itself refuses, whoever writes to it, and which files it opens."""

import sqlite3
from contextlib import closing

import pytest
from erp_requests import book, entries

from tools.erp.database import Database, ForeignBooks
from tools.erp.journal import trial_balance
from tools.erp.payments import schedule_payment
from tools.erp.request import PaymentRequest


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
        "INSERT INTO credited_invoices VALUES (1, 1)",
        "INSERT INTO credited_invoices VALUES (2, 1)",
        "INSERT OR REPLACE INTO credited_invoices VALUES (2, 1)",
        "UPDATE credited_invoices SET invoice = 2",
        "DELETE FROM credited_invoices",
        "INSERT INTO company (name, vat_id, city) VALUES ('x', 'x', 'x')",
        "UPDATE payments SET iban = 'DE81100100100000666066'",
        "DELETE FROM payments",
        "INSERT INTO payments VALUES (NULL, 'p9', '', 1, 'DE81100100100000666066', 1, 'EUR', '2026-10-14')",
        "INSERT OR REPLACE INTO payments VALUES (1, 'p1', '', 1, 'DE81', 1, 'EUR', '2026-10-14')",
    ],
)
def test_raw_sql_cannot_touch_what_is_booked(database, raw, statement):
    request = PaymentRequest(
        entry=book(database).entry,
        supplier="S-1001",
        iban="DE64500105170000110011",
        currency="EUR",
        date="2026-10-14",
    )
    schedule_payment(database, request, key="p1")
    book(database, key="k2", number="GS-1", kind="credit_note", preceding=("RE-2026-0117",))
    before = list(raw.iterdump())

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)

    assert list(raw.iterdump()) == before


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [(186831, "EUR", "no more is paid"), (1, "USD", "no more is paid"), (0, "EUR", "amount > 0")],
)
def test_raw_sql_cannot_pay_more_than_the_invoice(database, raw, amount, currency, said):
    book(database)

    with pytest.raises(sqlite3.IntegrityError, match=said):
        raw.execute(
            "INSERT INTO payments VALUES (1, 'p', '', 1, 'X', ?, ?, '2026-10-14')", (amount, currency)
        )

    raw.execute("INSERT INTO payments VALUES (1, 'p', '', 1, 'X', 186830, 'EUR', '2026-10-14')")


CREDIT_NOTE = {"supplier": "S-1001", "kind": "credit_note", "currency": "EUR", "total": 186830}


def credit(raw, **changes):
    """Write and post a credit note on entry 1, as entry 2."""
    raw.execute("INSERT INTO journal_entries (id, date, text) VALUES (2, '2026-10-01', 'x')")
    raw.execute("INSERT INTO journal_lines VALUES (2, 1, '6300', 0, 1), (2, 2, '3300', 1, 0)")
    raw.execute(
        "INSERT INTO supplier_invoices VALUES (2, 'k2', '', :supplier, 'G', 'G', :kind, '2026-10-01',"
        " '2026-10-01', :currency, :total, 0, :total, NULL)",
        {**CREDIT_NOTE, **changes},
    )
    raw.execute("INSERT INTO credited_invoices VALUES (2, 1)")
    raw.execute("UPDATE journal_entries SET posted_at = 'now' WHERE id = 2")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "invoice"}, "same supplier"),
        ({"supplier": "S-1002"}, "same supplier"),
        ({"currency": "USD"}, "same supplier"),
        ({"total": 186831}, "no more is credited"),
    ],
)
def test_raw_sql_cannot_credit_what_the_invoice_does_not_cover(database, raw, changes, said):
    book(database)

    with pytest.raises(sqlite3.IntegrityError, match=said):
        credit(raw, **changes)

    assert len(entries(database)) == 1


def test_raw_sql_cannot_credit_a_credit_note(database, raw):
    book(database, kind="credit_note")

    with pytest.raises(sqlite3.IntegrityError, match="same supplier"):
        credit(raw)


def test_raw_sql_may_credit_the_whole_invoice(database, raw):
    book(database)

    credit(raw)

    assert len(entries(database)) == 2


def copy_invoice(raw, date, *, conflict=""):
    raw.execute("INSERT INTO journal_entries (id, date, text) VALUES (2, '2026-10-01', 'x')")
    raw.execute(
        f"INSERT {conflict} INTO supplier_invoices"
        " SELECT 2, 'k2', digest, supplier, number, number_key, kind, ?, due_date,"
        " currency, net, tax, total, order_number FROM supplier_invoices",
        (date,),
    )


@pytest.mark.parametrize("conflict", ["", "OR REPLACE", "OR IGNORE"])
@pytest.mark.parametrize("date", ["2026-01-01", "2026-12-31"])
def test_raw_sql_cannot_book_a_number_twice_in_a_year(database, raw, date, conflict):
    book(database)

    with pytest.raises(sqlite3.IntegrityError, match="booked already"):
        copy_invoice(raw, date, conflict=conflict)


def test_raw_sql_may_book_a_number_again_in_another_year(database, raw):
    book(database)

    copy_invoice(raw, "2027-01-01")

    assert raw.execute("SELECT COUNT(*) FROM supplier_invoices").fetchone() == (2,)


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

    assert len(entries(again)) == 1
    again.close()


@pytest.mark.parametrize("version", [0, 1, 99])
def test_a_file_of_another_schema_is_refused_and_left_as_it_is(tmp_path, version):
    path = tmp_path / "erp.sqlite3"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(f"CREATE TABLE suppliers (id); PRAGMA user_version = {version}")
        before = list(other.iterdump())

    with pytest.raises(ForeignBooks, match=rf"erp\.sqlite3 has version {version} .* Remove the file"):
        Database(path)

    with closing(sqlite3.connect(path)) as other:
        assert list(other.iterdump()) == before
    assert [file.name for file in tmp_path.iterdir()] == ["erp.sqlite3"]
