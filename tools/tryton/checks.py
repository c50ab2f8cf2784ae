"""What the business does not allow to be booked, asked of Tryton's books."""

from decimal import Decimal

from tools.erp.answers import OrderLine
from tools.erp.refusals import BookingRefused, check_quantity
from tools.erp.request import Request
from tools.erp.values import amount_text, year
from tools.tryton.client import Client, Record
from tools.tryton.documents import amount_of, kind_of, of_number
from tools.tryton.masterdata import find_party
from tools.tryton.orders import BOOKED, find_order, list_order_lines

MANUAL = "manual"


def check_supplier(tryton: Client, request: Request) -> Record:
    """Return the supplier; refuse a stranger's document, and a number that is in the books for that year."""
    party = find_party(tryton, request.supplier)
    if party is None:
        raise BookingRefused("unknown_supplier", f"there is no supplier {request.supplier!r}")
    if not party["addresses."]:
        raise BookingRefused("unbookable", f"{request.supplier} has no address, which an invoice needs")
    for earlier in of_number(tryton, request.supplier, request.number):
        same_year = year(earlier["invoice_date"].isoformat()) == year(request.date)
        if kind_of(earlier) == request.kind and same_year:
            booked = f"{earlier['reference']!r} of {earlier['invoice_date']} is booked as {earlier['number']}"
            raise BookingRefused("duplicate_invoice", f"{request.supplier}: {booked}")
    return party


def get_order(tryton: Client, request: Request) -> Record | None:
    """Get the order, and refuse what its lines do not allow."""
    if not request.order:
        return None
    order = find_order(tryton, request.order)
    if order is None:
        raise BookingRefused("unknown_order", f"there is no order {request.order!r}")
    number, supplier = order["number"], order["party."]["code"]
    if supplier != request.supplier:
        message = f"order {number} was placed with {supplier}, not {request.supplier}"
        raise BookingRefused("other_suppliers_order", message)
    if order["invoice_method"] != MANUAL:
        message = f"order {number}: Tryton drafts its invoices itself; set its invoice method to manual"
        raise BookingRefused("unbookable", message)
    _check_lines(request, list_order_lines(tryton, order), order=number)
    return order


def _check_lines(request: Request, lines: list[OrderLine], *, order: str) -> None:
    ordered = {line.line: line for line in lines}
    for billed in request.lines:
        line = ordered.get(billed.order_line)
        if line is None:
            raise BookingRefused("unknown_order_line", f"order {order} has no line {billed.order_line}")
        check_quantity(request, line, order=order, quantity=Decimal(billed.quantity))


def list_preceding(tryton: Client, request: Request) -> list[Record]:
    """List the invoices that a credit note credits, and refuse to credit more than they are."""
    preceding = {
        one["id"]: one for one in (_get_invoice(tryton, request, each) for each in request.preceding)
    }
    if not preceding:
        return []
    lines = tryton.search("account.invoice.line", [["invoice", "in", [*preceding]]], ["invoice"])
    for line in reversed(lines):
        preceding[line["invoice"]]["lines"] = [line["id"]]
    limit = sum((amount_of(one) for one in preceding.values()), Decimal(0))
    earlier = _credited(tryton, [line["id"] for line in lines])
    if earlier + Decimal(request.total).scaleb(-2) > limit:
        now = amount_text(request.total)
        message = f"{limit} {request.currency} was billed, {earlier} credited before, {now} now"
        raise BookingRefused("credit_exceeds", message)
    return [*preceding.values()]


def _credited(tryton: Client, lines: list[int]) -> Decimal:
    """Sum up the credit notes on invoices with these lines."""
    notes = tryton.search(
        "account.invoice.line",
        [["origin.id", "in", lines, "account.invoice.line"], ["invoice.state", "in", BOOKED]],
        ["invoice.total_amount"],
    )
    totals = {one["invoice."]["id"]: abs(one["invoice."]["total_amount"]) for one in notes}
    return sum(totals.values(), Decimal(0))


def _get_invoice(tryton: Client, request: Request, number: str) -> Record:
    """Get the invoice meant: of several years, the latest until the credit note's day, else the next."""
    invoices = [one for one in of_number(tryton, request.supplier, number) if kind_of(one) == "invoice"]
    if not invoices:
        raise BookingRefused("unknown_preceding", f"{request.supplier} has no booked invoice {number!r}")
    before = [one for one in invoices if one["invoice_date"].isoformat() <= request.date]
    invoice = max(before, key=_day) if before else min(invoices, key=_day)
    currency = invoice["currency."]["code"]
    if currency != request.currency:
        message = f"preceding: {number!r} is in {currency}, the credit note in {request.currency}"
        raise BookingRefused("unbookable", message)
    return invoice


def _day(invoice: Record) -> str:
    day: str = invoice["invoice_date"].isoformat()
    return day
