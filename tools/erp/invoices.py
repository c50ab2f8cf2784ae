"""The look-up of booked supplier documents, for duplicates and for lost answers."""

import sqlite3
from typing import Literal

from tools.erp.answers import BookedInvoice, InvoicesAnswer
from tools.erp.database import Database
from tools.erp.values import amount_text, entry_text, minor, number_key


def find_invoices(
    database: Database, *, supplier: str, number: str, total: str, currency: str, date: str, days: int
) -> InvoicesAnswer:
    """Find a supplier's booked documents by number, and those that look alike by amount and date.

    Raises:
        ValueError: neither a number nor a total with its currency and date is stated.
    """
    by_amount = bool(total and currency and date)
    if not number and not by_amount:
        raise ValueError("number: a number, or a total with its currency and date, is needed")
    found: dict[int, BookedInvoice] = {}
    with database.read() as connection:
        for row in _alike(connection, supplier, total=total, currency=currency, date=date, days=days):
            found[row["entry"]] = _booked(row, "amount")
        for row in _of_number(connection, supplier, number=number):
            found[row["entry"]] = _booked(row, "number")
    return InvoicesAnswer(
        invoices=sorted(found.values(), key=lambda invoice: (invoice.matched_by != "number", invoice.entry))
    )


def _of_number(connection: sqlite3.Connection, supplier: str, *, number: str) -> list[sqlite3.Row]:
    if not number:
        return []
    return connection.execute(
        "SELECT * FROM supplier_invoices WHERE supplier = ? AND number_key = ?",
        (supplier, number_key(number)),
    ).fetchall()


def _alike(
    connection: sqlite3.Connection, supplier: str, *, total: str, currency: str, date: str, days: int
) -> list[sqlite3.Row]:
    if not (total and currency and date):
        return []
    return connection.execute(
        "SELECT * FROM supplier_invoices WHERE supplier = ? AND total = ? AND currency = ?"
        " AND abs(julianday(date) - julianday(?)) <= ?",
        (supplier, minor(total), currency, date, days),
    ).fetchall()


def _booked(row: sqlite3.Row, matched_by: Literal["number", "amount"]) -> BookedInvoice:
    return BookedInvoice(
        entry=entry_text(row["entry"]),
        key=row["key"],
        number=row["number"],
        kind=row["kind"],
        date=row["date"],
        total=amount_text(row["total"]),
        currency=row["currency"],
        matched_by=matched_by,
    )
