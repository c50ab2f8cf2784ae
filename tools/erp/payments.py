"""Payments: one for each booked invoice, to the account in the supplier's master data."""

import sqlite3

from tools.erp.answers import Payment
from tools.erp.booking import KeyConflict
from tools.erp.database import Database
from tools.erp.journal import payment_text
from tools.erp.values import amount_text, digest, entry_id, entry_text

_PAYMENT = "SELECT * FROM payments"
_INVOICE = (
    "SELECT supplier_invoices.*, suppliers.iban FROM supplier_invoices"
    " JOIN suppliers ON suppliers.id = supplier_invoices.supplier WHERE entry = ?"
)


def schedule_payment(database: Database, *, key: str, entry: str, date: str) -> Payment:
    """Schedule the payment of a booked invoice once: a repeat with the same key returns the first.

    Nobody passes an account number in: it is the supplier's, as the master data holds it today.

    Raises:
        KeyConflict: the key was used for another request.
    """
    request = digest({"entry": entry, "date": date})
    with database.write() as connection:
        earlier = connection.execute(f"{_PAYMENT} WHERE key = ?", (key,)).fetchone()
        if earlier is not None and earlier["digest"] != request:
            raise KeyConflict(key)
        if earlier is not None:
            return _payment(earlier, repeated=True)
        invoice = connection.execute(_INVOICE, (entry_id(entry),)).fetchone()
        refusal = _refusal(connection, invoice, entry=entry)
        if refusal is not None:
            return refusal
        connection.execute(
            "INSERT INTO payments (key, digest, entry, iban, amount, currency, date)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, request, *(invoice[column] for column in ("entry", "iban", "total", "currency")), date),
        )
        row = connection.execute(f"{_PAYMENT} WHERE key = ?", (key,)).fetchone()
        return _payment(row, repeated=False)


def _refusal(connection: sqlite3.Connection, invoice: sqlite3.Row | None, *, entry: str) -> Payment | None:
    if invoice is None:
        message = f"{entry} is not the entry of a supplier's invoice"
        return Payment(status="refused", code="unknown_entry", message=message)
    if invoice["kind"] == "credit_note":
        message = f"{entry} is a credit note, and a credit note is not paid"
        return Payment(status="refused", code="credit_note", message=message)
    earlier = connection.execute(f"{_PAYMENT} WHERE entry = ?", (invoice["entry"],)).fetchone()
    if earlier is not None:
        message = f"{entry} is paid by {payment_text(earlier['id'])} on {earlier['date']}"
        return Payment(status="refused", code="already_scheduled", message=message)
    return None


def _payment(row: sqlite3.Row, *, repeated: bool) -> Payment:
    return Payment(
        status="scheduled",
        payment=payment_text(row["id"]),
        entry=entry_text(row["entry"]),
        iban=row["iban"],
        amount=amount_text(row["amount"]),
        currency=row["currency"],
        date=row["date"],
        repeated=repeated,
    )
