"""The look-up of booked supplier documents, for duplicates and for lost answers."""

import sqlite3
from typing import Literal

from tools.erp.answers import BookedInvoice, InvoicesAnswer
from tools.erp.database import Database
from tools.erp.request import Search
from tools.erp.values import amount_text, entry_text, minor, number_key


def find_invoices(database: Database, search: Search) -> InvoicesAnswer:
    """Find a supplier's booked documents by number, and those that look alike by amount and date."""
    found: dict[int, BookedInvoice] = {}
    with database.read() as connection:
        for row in _alike(connection, search):
            found[row["entry"]] = _booked(row, "amount")
        for row in _of_number(connection, search):
            found[row["entry"]] = _booked(row, "number")
    return InvoicesAnswer(
        invoices=sorted(found.values(), key=lambda invoice: (invoice.matched_by != "number", invoice.entry))
    )


def _of_number(connection: sqlite3.Connection, search: Search) -> list[sqlite3.Row]:
    if not search.number:
        return []
    return connection.execute(
        "SELECT * FROM supplier_invoices WHERE supplier = ? AND number_key = ?",
        (search.supplier, number_key(search.number)),
    ).fetchall()


def _alike(connection: sqlite3.Connection, search: Search) -> list[sqlite3.Row]:
    if not search.by_amount:
        return []
    return connection.execute(
        "SELECT * FROM supplier_invoices WHERE supplier = ? AND total = ? AND currency = ?"
        " AND abs(julianday(date) - julianday(?)) <= ?",
        (search.supplier, minor(search.total), search.currency, search.date, search.days),
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
