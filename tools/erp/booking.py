"""The booking of a supplier's invoice or credit note: once for each key, in balance."""

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from tools.erp import journal
from tools.erp.answers import Booking
from tools.erp.database import Database
from tools.erp.masterdata import find_rate
from tools.erp.values import BilledLine, Kind, amount_text, converted, digest, entry_text, number_key


@dataclass(frozen=True)
class Request:
    """A supplier's document to book, as it came, amounts in minor units of `currency`."""

    supplier: str
    number: str
    kind: Kind
    date: str
    due_date: str
    currency: str
    net: int
    tax: int
    total: int
    order: str
    lines: tuple[BilledLine, ...]

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            ValueError: the message begins with the field that is wrong.
        """
        number_key(self.number)
        if self.total != self.net + self.tax:
            total, net, tax = map(amount_text, (self.total, self.net, self.tax))
            raise ValueError(f"total: {total} is not net {net} plus tax {tax}")
        if self.total == 0:
            raise ValueError("total: there is nothing to book")
        if self.due_date < self.date:
            raise ValueError(f"due_date: {self.due_date} is before the date {self.date}")
        if self.lines and not self.order:
            raise ValueError("lines: they bill lines of an order, and no order is named")
        if len({line.order_line for line in self.lines}) < len(self.lines):
            raise ValueError("lines: one line of the order appears twice")
        if any(Decimal(line.quantity) == 0 for line in self.lines):
            raise ValueError("lines: quantity: there is nothing to bill")

    def digest(self) -> str:
        return digest(
            {
                **{field: value for field, value in vars(self).items() if field != "lines"},
                "lines": [[line.order_line, str(Decimal(line.quantity).normalize())] for line in self.lines],
            }
        )


class KeyConflict(ValueError):
    """A key was used again for something else."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key_conflict: key {key!r} belongs to a request with other arguments")


def book_invoice(database: Database, request: Request, *, key: str) -> Booking:
    """Book a supplier's document once: a repeat with the same key returns the first entry.

    Raises:
        ValueError: the request contradicts itself.
        KeyConflict: the key was used for another request.
    """
    request.check()
    with database.write() as connection:
        earlier = _find_booking(connection, key)
        if earlier is not None and earlier["digest"] != request.digest():
            raise KeyConflict(key)
        if earlier is not None:
            return _repeated(earlier)
        return _refusal(connection, request) or _book(connection, request, key=key)


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


def _refusal(connection: sqlite3.Connection, request: Request) -> Booking | None:
    """Say why business does not allow the booking, if it does not."""
    supplier = connection.execute("SELECT id FROM suppliers WHERE id = ?", (request.supplier,)).fetchone()
    if supplier is None:
        message = f"there is no supplier {request.supplier!r}"
        return Booking(status="refused", code="unknown_supplier", message=message)
    if find_rate(connection, request.currency, date=request.date) is None:
        message = f"there is no rate for {request.currency} on {request.date}"
        return Booking(status="refused", code="unknown_currency", message=message)
    return _order_refusal(connection, request) or _duplicate_refusal(connection, request)


def _order_refusal(connection: sqlite3.Connection, request: Request) -> Booking | None:
    if not request.order:
        return None
    order = connection.execute("SELECT supplier FROM orders WHERE number = ?", (request.order,)).fetchone()
    if order is None:
        message = f"there is no order {request.order!r}"
        return Booking(status="refused", code="unknown_order", message=message)
    if order["supplier"] != request.supplier:
        message = f"order {request.order} was placed with {order['supplier']}, not {request.supplier}"
        return Booking(status="refused", code="other_suppliers_order", message=message)
    rows = connection.execute("SELECT line FROM order_lines WHERE order_number = ?", (request.order,))
    unknown = {line.order_line for line in request.lines} - {row["line"] for row in rows}
    if unknown:
        message = f"order {request.order} has no line {min(unknown)}"
        return Booking(status="refused", code="unknown_order_line", message=message)
    return None


def _duplicate_refusal(connection: sqlite3.Connection, request: Request) -> Booking | None:
    row = connection.execute(
        "SELECT entry, number FROM supplier_invoices WHERE supplier = ? AND number_key = ? AND kind = ?",
        (request.supplier, number_key(request.number), request.kind),
    ).fetchone()
    if row is None:
        return None
    message = f"{request.supplier} billed {row['number']!r} before, booked as {entry_text(row['entry'])}"
    return Booking(status="refused", code="duplicate_invoice", message=message)


def _book(connection: sqlite3.Connection, request: Request, *, key: str) -> Booking:
    entry = journal.draft(connection, date=request.date, text=f"{request.supplier} {request.number}")
    connection.execute(
        "INSERT INTO supplier_invoices (entry, key, digest, supplier, number, number_key, kind, date,"
        " due_date, currency, net, tax, total, order_number)"
        " VALUES (:entry, :key, :digest, :supplier, :number, :number_key, :kind, :date,"
        " :due_date, :currency, :net, :tax, :total, :order_number)",
        {
            **{field: value for field, value in vars(request).items() if field not in ("lines", "order")},
            "entry": entry,
            "key": key,
            "digest": request.digest(),
            "number_key": number_key(request.number),
            "order_number": request.order or None,
        },
    )
    connection.executemany(
        "INSERT INTO invoice_lines (entry, order_number, line, quantity) VALUES (?, ?, ?, ?)",
        [(entry, request.order, line.order_line, line.quantity) for line in request.lines],
    )
    posted_at = journal.post(connection, entry, debits=_debits(connection, request))
    return Booking(
        status="booked",
        entry=entry_text(entry),
        posted_at=posted_at,
        total=amount_text(request.total),
        currency=request.currency,
    )


def _debits(connection: sqlite3.Connection, request: Request) -> dict[str, int]:
    """Split the total over the accounts, in the base currency; a credit note is the mirror image.

    Total and tax are converted, and the net is their difference, so that rounding cannot unbalance them.
    """
    rate = _get_rate(connection, request)
    sign = 1 if request.kind == "invoice" else -1
    total = sign * converted(request.total, rate)
    tax = sign * converted(request.tax, rate)
    cost = journal.GOODS_RECEIVED if request.order else journal.EXPENSES
    return {cost: total - tax, journal.INPUT_TAX: tax, journal.PAYABLES: -total}


def _get_rate(connection: sqlite3.Connection, request: Request) -> Decimal:
    row = find_rate(connection, request.currency, date=request.date)
    if row is None:
        raise LookupError(f"currency: there is no rate for {request.currency} on {request.date}")
    return Decimal(row["rate"])
