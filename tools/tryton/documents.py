"""Suppliers' invoices and credit notes in Tryton: how they are found, and how one of ours is known."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from tools.erp.answers import BookedInvoice, InvoicesAnswer
from tools.erp.request import Search
from tools.erp.values import CENT, Kind, number_key
from tools.tryton.client import Client, Domain, Record
from tools.tryton.masterdata import pattern_of
from tools.tryton.orders import BOOKED

# Tryton has no field for a key. That of a booking is the comment of the invoice, which Tryton keeps as it is
# once the invoice is posted; that of its payment, which has no such field, stands in a note on the invoice.
BOOKING = "steward-booking:"
PAYMENT = "steward-payment:"
DOCUMENT = [
    "number",
    "reference",
    "state",
    "comment",
    "invoice_date",
    "total_amount",
    "currency.code",
    "party.code",
    "move.post_date",
    "move.lines.id",
    "lines_to_pay",
]


def booking_key(comment: str | None) -> str:
    """Return the key in the comment of an invoice; nothing if it is not ours."""
    return comment.removeprefix(BOOKING) if comment and comment.startswith(BOOKING) else ""


def of_key(tryton: Client, key: str) -> list[Record]:
    """List the invoices, drafts too, that were made under this key, oldest first."""
    return tryton.search("account.invoice", [["type", "=", "in"], ["comment", "=", BOOKING + key]], DOCUMENT)


def resource_of(invoice: Record) -> str:
    return f"account.invoice,{invoice['id']}"


def find_invoices(tryton: Client, search: Search) -> InvoicesAnswer:
    """Find a supplier's booked documents by number, and those that look alike by amount and date."""
    by_number = of_number(tryton, search.supplier, search.number) if search.number else []
    known = {one["id"] for one in by_number}
    alike = [one for one in (_alike(tryton, search) if search.by_amount else []) if one["id"] not in known]
    return InvoicesAnswer(
        invoices=[
            *(_booked(one, "number") for one in by_number),
            *(_booked(one, "amount") for one in alike),
        ]
    )


def of_number(tryton: Client, supplier: str, number: str) -> list[Record]:
    """List a supplier's booked documents of a number, of any year, oldest first."""
    wanted = number_key(number)
    pattern = pattern_of("".join(filter(str.isalnum, wanted)))
    found = list_documents(tryton, [["party.code", "=", supplier], ["reference", "ilike", pattern]])
    return [one for one in found if number_key(one["reference"]) == wanted]


def list_documents(tryton: Client, domain: Domain) -> list[Record]:
    """List booked documents of suppliers, oldest first."""
    booked = [["type", "=", "in"], ["state", "in", BOOKED]]
    return tryton.search("account.invoice", [*booked, *domain], DOCUMENT)


def kind_of(document: Record) -> Kind:
    """Say what a document is: Tryton writes a credit note as an invoice below zero."""
    return "credit_note" if document["total_amount"] < 0 else "invoice"


def amount_of(document: Record) -> Decimal:
    """Return the total, positive in both kinds."""
    return abs(Decimal(document["total_amount"])).quantize(CENT)


def _alike(tryton: Client, search: Search) -> list[Record]:
    total, day = Decimal(search.total), date.fromisoformat(search.date)
    away = timedelta(days=search.days)
    return list_documents(
        tryton,
        [
            ["party.code", "=", search.supplier],
            ["currency.code", "=", search.currency],
            ["OR", ["total_amount", "=", total], ["total_amount", "=", -total]],
            ["invoice_date", ">=", day - away],
            ["invoice_date", "<=", day + away],
        ],
    )


def _booked(document: Record, matched_by: Literal["number", "amount"]) -> BookedInvoice:
    return BookedInvoice(
        entry=document["number"],
        key=booking_key(document["comment"]),
        number=document["reference"] or "",
        kind=kind_of(document),
        date=document["invoice_date"].isoformat(),
        total=str(amount_of(document)),
        currency=document["currency."]["code"],
        matched_by=matched_by,
    )
