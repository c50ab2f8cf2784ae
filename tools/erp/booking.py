"""The booking of a supplier's invoice or credit note: once for each key, in balance."""

import sqlite3
from decimal import Decimal

from tools.erp import journal
from tools.erp.answers import Booking
from tools.erp.database import Database
from tools.erp.refusals import (
    BookingRefused,
    check_content,
    check_supplier,
    get_order_number,
    get_rate,
    list_preceding,
)
from tools.erp.request import Request
from tools.erp.values import amount_text, converted, entry_text, number_key


class KeyConflict(ValueError):
    """A key was used again for something else."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key_conflict: key {key!r} belongs to a request with other arguments")


def book_invoice(database: Database, request: Request, *, key: str) -> Booking:
    """Book a supplier's document once: a repeat with the same key returns the first entry.

    What the business does not allow is refused, and then nothing is written.

    Raises:
        KeyConflict: the key was used for another request.
    """
    try:
        with database.write() as connection:
            earlier = _find_booking(connection, key)
            if earlier is not None and earlier["digest"] != request.digest():
                raise KeyConflict(key)
            return _repeated(earlier) if earlier is not None else _book(connection, request, key=key)
    except BookingRefused as refused:
        return Booking(status="refused", code=refused.code, message=str(refused))


def _find_booking(connection: sqlite3.Connection, key: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT supplier_invoices.*, posted_at FROM supplier_invoices"
        " JOIN journal_entries ON journal_entries.id = supplier_invoices.entry WHERE key = ?",
        (key,),
    ).fetchone()
    return row


def _repeated(row: sqlite3.Row) -> Booking:
    return Booking(
        status="booked",
        entry=entry_text(row["entry"]),
        posted_at=row["posted_at"],
        total=amount_text(row["total"]),
        currency=row["currency"],
        repeated=True,
    )


def _book(connection: sqlite3.Connection, request: Request, *, key: str) -> Booking:
    check_content(request)
    check_supplier(connection, request)
    rate = get_rate(connection, request)
    order = get_order_number(connection, request)
    preceding = list_preceding(connection, request)
    entry = journal.draft(connection, date=request.date, text=f"{request.supplier} {request.number}")
    _write(connection, request, entry=entry, key=key, order=order)
    connection.executemany(
        "INSERT INTO credited_invoices (credit_note, invoice) VALUES (?, ?)",
        [(entry, invoice) for invoice in preceding],
    )
    posted_at = journal.post(connection, entry, debits=_debits(request, rate))
    return Booking(
        status="booked",
        entry=entry_text(entry),
        posted_at=posted_at,
        total=amount_text(request.total),
        currency=request.currency,
    )


def _write(
    connection: sqlite3.Connection, request: Request, *, entry: int, key: str, order: str | None
) -> None:
    connection.execute(
        "INSERT INTO supplier_invoices (entry, key, digest, supplier, number, number_key, kind, date,"
        " due_date, currency, net, tax, total, order_number)"
        " VALUES (:entry, :key, :digest, :supplier, :number, :number_key, :kind, :date,"
        " :due_date, :currency, :net, :tax, :total, :order_number)",
        {
            **vars(request),
            "entry": entry,
            "key": key,
            "digest": request.digest(),
            "number_key": number_key(request.number),
            "order_number": order,
        },
    )
    connection.executemany(
        "INSERT INTO invoice_lines (entry, order_number, line, quantity) VALUES (?, ?, ?, ?)",
        [(entry, order, line.order_line, line.quantity) for line in request.lines],
    )


def _debits(request: Request, rate: Decimal) -> dict[str, int]:
    """Split the total over the accounts, in the base currency; a credit note is the mirror image.

    Total and tax are converted, and the net is their difference, so that rounding cannot unbalance them.
    """
    sign = 1 if request.kind == "invoice" else -1
    total = sign * converted(request.total, rate)
    tax = sign * converted(request.tax, rate)
    cost = journal.GOODS_RECEIVED if request.order else journal.EXPENSES
    return {cost: total - tax, journal.INPUT_TAX: tax, journal.PAYABLES: -total}
