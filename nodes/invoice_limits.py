"""What an ERP can hold: an invoice beyond it is a person's before any system is asked about it."""

import re
from collections.abc import Iterator
from decimal import Decimal

from nodes.einvoice import Finding, Invoice

AMOUNT_DIGITS = 12
QUANTITY_DECIMALS = 6
NUMBER_LENGTH = 100
NAME_LENGTH = 200
MAX_REFERENCES = 50
YEARS = range(1990, 2101)


def beyond_limits(invoice: Invoice) -> list[Finding]:
    """Name each part of the invoice that is too long, too large, too fine or empty of letters and digits."""
    return [*_texts(invoice), *_amounts(invoice), *_quantities(invoice), *_dates(invoice)]


def _texts(invoice: Invoice) -> Iterator[Finding]:
    yield from _text("invoice number", invoice.number, longest=NUMBER_LENGTH, where="BT-1")
    yield from _text("seller's name", invoice.seller.name, longest=NAME_LENGTH, where="BT-27")
    if invoice.seller.vat_id is not None:
        yield from _text("seller's VAT id", invoice.seller.vat_id, longest=NUMBER_LENGTH, where="BT-31")
    if invoice.order_reference is not None:
        yield from _text("order number", invoice.order_reference, longest=NUMBER_LENGTH, where="BT-13")
    for earlier in invoice.preceding[:MAX_REFERENCES]:
        yield from _text("preceding invoice's number", earlier.number, longest=NUMBER_LENGTH, where="BT-25")
    if len(invoice.preceding) > MAX_REFERENCES:
        yield _finding(f"more than {MAX_REFERENCES} preceding invoices", where="BG-3")


def _text(what: str, text: str, *, longest: int, where: str) -> Iterator[Finding]:
    if len(text) > longest:
        yield _finding(f"the {what} has {len(text)} characters; {longest} can be kept", where=where)
    if not re.search(r"[^\W_]", text):
        yield _finding(f"the {what} has neither letter nor digit", where=where)


def _amounts(invoice: Invoice) -> Iterator[Finding]:
    totals = invoice.totals
    stated = [
        ("total without VAT", totals.tax_exclusive, "BT-109"),
        ("total VAT", totals.tax, "BT-110"),
        ("total with VAT", totals.tax_inclusive, "BT-112"),
        ("amount due", totals.payable, "BT-115"),
        *((f"net amount of line {line.id}", line.net_amount, "BT-131") for line in invoice.lines),
    ]
    for what, amount, where in stated:
        if not _fits(amount, decimals=2):
            message = f"the {what}, {amount:f}, has more than {AMOUNT_DIGITS} digits or 2 decimals"
            yield _finding(message, where=where)


def _quantities(invoice: Invoice) -> Iterator[Finding]:
    for line in invoice.lines:
        if not _fits(line.quantity, decimals=QUANTITY_DECIMALS):
            message = f"the quantity of line {line.id}, {line.quantity:f}, has too many digits or decimals"
            yield _finding(message, where="BT-129")


def _dates(invoice: Invoice) -> Iterator[Finding]:
    for what, day, where in (
        ("issue date", invoice.issue_date, "BT-2"),
        ("due date", invoice.due_date, "BT-9"),
    ):
        if day is not None and day.year not in YEARS:
            yield _finding(f"the {what}, {day}, is no day that business is done on", where=where)


def _fits(value: Decimal, *, decimals: int) -> bool:
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and -exponent <= decimals and len(digits) + exponent <= AMOUNT_DIGITS


def _finding(message: str, *, where: str) -> Finding:
    return Finding(code="beyond_limits", message=message, where=where)
