"""What the business does not allow to be booked, each with the code that the answer carries."""

import json
import sqlite3
from decimal import Decimal

from tools.erp.answers import BookingCode, OrderLine
from tools.erp.masterdata import find_order, find_rate, list_order_lines
from tools.erp.request import Request
from tools.erp.values import amount_text, converted, entry_text, number_key, quantity_text, year

# A number may have come in several years. A credit note means the latest until its own day; it may also
# have overtaken the invoice.
_PRECEDING = (
    "SELECT * FROM supplier_invoices WHERE supplier = :supplier AND number_key = :number_key"
    " AND kind = 'invoice' ORDER BY date > :date, abs(julianday(date) - julianday(:date)) LIMIT 1"
)
_CREDITED = (
    "SELECT COALESCE(SUM(total), 0) AS total FROM supplier_invoices WHERE entry IN"
    " (SELECT credit_note FROM credited_invoices WHERE invoice IN (SELECT value FROM json_each(?)))"
)


class BookingRefused(Exception):
    """The business does not allow this booking; the message is for a person."""

    def __init__(self, code: BookingCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_content(request: Request) -> None:
    """Refuse what contradicts itself."""
    contradictions = "; ".join(request.contradictions())
    if contradictions:
        raise BookingRefused("unbookable", contradictions)


def check_supplier(connection: sqlite3.Connection, request: Request) -> None:
    """Refuse a stranger's document, and a number that is in the books for that year."""
    supplier = connection.execute("SELECT id FROM suppliers WHERE id = ?", (request.supplier,)).fetchone()
    if supplier is None:
        raise BookingRefused("unknown_supplier", f"there is no supplier {request.supplier!r}")
    earlier = connection.execute(
        "SELECT entry, number, date FROM supplier_invoices"
        " WHERE supplier = ? AND number_key = ? AND kind = ? AND substr(date, 1, 4) = ?",
        (request.supplier, number_key(request.number), request.kind, year(request.date)),
    ).fetchone()
    if earlier is not None:
        booked = f"{earlier['number']!r} of {earlier['date']} is booked as {entry_text(earlier['entry'])}"
        raise BookingRefused("duplicate_invoice", f"{request.supplier}: {booked}")


def get_rate(connection: sqlite3.Connection, request: Request) -> Decimal:
    """Get the rate to convert by, and refuse an amount that is nothing once converted."""
    row = find_rate(connection, request.currency, date=request.date)
    if row is None:
        message = f"there is no rate for {request.currency} on {request.date}"
        raise BookingRefused("unknown_currency", message)
    rate = Decimal(row["rate"])
    if converted(request.total, rate) == 0:
        total = f"{amount_text(request.total)} {request.currency}"
        raise BookingRefused("unbookable", f"total: {total} is less than a cent in the base currency")
    return rate


def get_order_number(connection: sqlite3.Connection, request: Request) -> str | None:
    """Get the order's number as it stands in the master data, and refuse what its lines do not allow."""
    if not request.order:
        return None
    order = find_order(connection, request.order)
    if order is None:
        raise BookingRefused("unknown_order", f"there is no order {request.order!r}")
    number: str = order["number"]
    if order["supplier"] != request.supplier:
        message = f"order {number} was placed with {order['supplier']}, not {request.supplier}"
        raise BookingRefused("other_suppliers_order", message)
    _check_lines(connection, request, order=number)
    return number


def _check_lines(connection: sqlite3.Connection, request: Request, *, order: str) -> None:
    ordered = {line.line: line for line in list_order_lines(connection, order)}
    for billed in request.lines:
        line = ordered.get(billed.order_line)
        if line is None:
            raise BookingRefused("unknown_order_line", f"order {order} has no line {billed.order_line}")
        check_quantity(request, line, order=order, quantity=Decimal(billed.quantity))


def check_quantity(request: Request, line: OrderLine, *, order: str, quantity: Decimal) -> None:
    invoiced, received = Decimal(line.invoiced), Decimal(line.received)
    name, now = f"order {order}, line {line.line}", quantity_text(quantity)
    if request.kind == "credit_note":
        # Taken below zero, the line would let a later invoice bill more than was received.
        if quantity > invoiced:
            message = f"lines: {name}: {line.invoiced} was billed, {now} cannot be taken back"
            raise BookingRefused("unbookable", message)
    elif invoiced + quantity > received and "over_received" not in request.despite:
        message = f"{name}: {line.received} was received, {line.invoiced} billed before, {now} now"
        raise BookingRefused("over_received", message)


def list_preceding(connection: sqlite3.Connection, request: Request) -> list[int]:
    """List the entries of the invoices that a credit note credits, and refuse to credit more than they are.

    A credit note on several invoices counts against each of them with its whole total: nobody knows how it
    is shared out, and counted like this no set of invoices is ever credited above its sum.
    """
    preceding = [_get_invoice(connection, request, number=number) for number in request.preceding]
    totals: dict[int, int] = {row["entry"]: row["total"] for row in preceding}
    limit = sum(totals.values())
    earlier: int = connection.execute(_CREDITED, (json.dumps([*totals]),)).fetchone()["total"]
    if totals and earlier + request.total > limit:
        before, now, most = map(amount_text, (earlier, request.total, limit))
        message = f"{most} {request.currency} was billed, {before} credited before, {now} now"
        raise BookingRefused("credit_exceeds", message)
    return [*totals]


def _get_invoice(connection: sqlite3.Connection, request: Request, *, number: str) -> sqlite3.Row:
    key = {"supplier": request.supplier, "number_key": number_key(number), "date": request.date}
    row: sqlite3.Row | None = connection.execute(_PRECEDING, key).fetchone()
    if row is None:
        raise BookingRefused("unknown_preceding", f"{request.supplier} has no booked invoice {number!r}")
    if row["currency"] != request.currency:
        message = f"preceding: {number!r} is in {row['currency']}, the credit note in {request.currency}"
        raise BookingRefused("unbookable", message)
    return row
