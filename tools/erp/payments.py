"""Payments: one for each booked invoice, to the account in the supplier's master data."""

import sqlite3

from tools.erp.answers import Payment, PaymentCode
from tools.erp.booking import KeyConflict
from tools.erp.database import Database
from tools.erp.journal import payment_text
from tools.erp.request import PaymentRequest
from tools.erp.values import amount_text, entry_text, find_entry_id

_PAYMENT = "SELECT * FROM payments"
_INVOICE = (
    "SELECT supplier_invoices.*, suppliers.iban FROM supplier_invoices"
    " JOIN suppliers ON suppliers.id = supplier_invoices.supplier WHERE entry = ?"
)


class PaymentRefused(Exception):
    """The business does not allow this payment; the message is for a person."""

    def __init__(self, code: PaymentCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def schedule_payment(database: Database, request: PaymentRequest, *, key: str) -> Payment:
    """Schedule the payment of a booked invoice once: a repeat with the same key returns the first.

    Raises:
        KeyConflict: the key was used for another request.
    """
    try:
        with database.write() as connection:
            earlier = connection.execute(f"{_PAYMENT} WHERE key = ?", (key,)).fetchone()
            if earlier is not None and earlier["digest"] != request.digest:
                raise KeyConflict(key)
            if earlier is not None:
                return _payment(earlier, repeated=True)
            invoice = _get_invoice(connection, request)
            payment: dict[str, str | int] = {
                "key": key,
                "digest": request.digest,
                "amount": _get_amount(invoice, request.units),
                "date": request.date,
            }
            return _schedule(connection, invoice, payment=payment)
    except PaymentRefused as refused:
        return Payment(status="refused", code=refused.code, message=str(refused))


def _schedule(
    connection: sqlite3.Connection, invoice: sqlite3.Row, *, payment: dict[str, str | int]
) -> Payment:
    row = connection.execute(
        "INSERT INTO payments (key, digest, entry, iban, amount, currency, date)"
        " VALUES (:key, :digest, :entry, :iban, :amount, :currency, :date) RETURNING *",
        {**invoice, **payment},
    ).fetchone()
    return _payment(row, repeated=False)


def _get_invoice(connection: sqlite3.Connection, request: PaymentRequest) -> sqlite3.Row:
    """Get the invoice to pay, and refuse what is not to be paid, or not to this supplier."""
    entry = request.entry
    invoice: sqlite3.Row | None = connection.execute(_INVOICE, (find_entry_id(entry),)).fetchone()
    if invoice is None:
        raise PaymentRefused("unknown_entry", f"{entry} is not the entry of a supplier's invoice")
    if invoice["kind"] == "credit_note":
        raise PaymentRefused("credit_note", f"{entry} is a credit note, and a credit note is not paid")
    if request.supplier != invoice["supplier"]:
        raise PaymentRefused("other_supplier", f"{entry} is an invoice of {invoice['supplier']}")
    if request.iban != invoice["iban"]:
        raise PaymentRefused("other_account", f"{request.iban} is not the account of {invoice['supplier']}")
    if request.currency != invoice["currency"]:
        raise PaymentRefused("other_currency", f"{entry} is an invoice in {invoice['currency']}")
    earlier = connection.execute(f"{_PAYMENT} WHERE entry = ?", (invoice["entry"],)).fetchone()
    if earlier is not None:
        message = f"{entry} is paid by {payment_text(earlier['id'])} on {earlier['date']}"
        raise PaymentRefused("already_scheduled", message)
    return invoice


def _get_amount(invoice: sqlite3.Row, units: int | None) -> int:
    """Get the amount to pay, and refuse nothing and more than the invoice's total."""
    total: int = invoice["total"]
    if units is None:
        return total
    if units == 0:
        raise PaymentRefused("unbookable", "amount: there is nothing to pay")
    if units > total:
        amounts = f"{amount_text(units)} is more than the total {amount_text(total)} {invoice['currency']}"
        raise PaymentRefused("amount_exceeds", f"{entry_text(invoice['entry'])}: {amounts}")
    return units


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
