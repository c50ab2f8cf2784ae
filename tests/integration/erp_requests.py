"""Requests to the ERP's books as its tests make them, without a server between."""

from tools.erp.booking import book_invoice
from tools.erp.invoices import find_invoices
from tools.erp.journal import list_entries
from tools.erp.request import Request, Search
from tools.erp.values import BilledLine

REQUEST = {
    "supplier": "S-1001",
    "number": "RE-2026-0117",
    "kind": "invoice",
    "date": "2026-09-14",
    "due_date": "2026-10-14",
    "currency": "EUR",
    "net": 157000,
    "tax": 29830,
    "total": 186830,
    "order": "",
    "lines": (),
}


def book(database, *, key="k1", **changes):
    return book_invoice(database, Request(**{**REQUEST, **changes}), key=key)


def book_total(database, number, total, **changes):
    """Book a document of that total in cents, without tax, under its number and date as key."""
    amounts = {"net": total, "tax": 0, "total": total}
    key = f"{number} of {changes.get('date', REQUEST['date'])}"
    return book(database, key=key, number=number, **amounts, **changes)


def billed(line, quantity):
    return BilledLine(order_line=line, quantity=quantity)


def search(database, **criteria):
    return find_invoices(database, Search(**{"supplier": "S-1001", **criteria})).invoices


def entries(database):
    return list_entries(database, limit=1000).entries
