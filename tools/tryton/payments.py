"""Payments of booked invoices, in Tryton's own list of payments: submitted, for somebody there to approve."""

from datetime import date
from decimal import Decimal

from tools.erp.answers import Payment
from tools.erp.payments import PaymentRefused
from tools.erp.request import PaymentRequest
from tools.erp.values import CENT, amount_text
from tools.tryton.claims import Claims
from tools.tryton.client import Client, Record, TrytonRefused, patiently
from tools.tryton.documents import PAYMENT, amount_of, kind_of, list_documents, resource_of
from tools.tryton.masterdata import iban_of

FIELDS = ["number", "state", "amount", "date"]


def schedule_payment(tryton: Client, claims: Claims, request: PaymentRequest, *, key: str) -> Payment:
    """Schedule the payment of a booked invoice once: a repeat with the same key returns the first.

    Raises:
        KeyConflict: the key was used for another request.
    """
    with claims.alone():
        earlier = claims.claim(key, request.digest)
        if earlier is not None:
            return Payment.model_validate_json(earlier).model_copy(update={"repeated": True})
        try:
            payment = patiently(lambda: _schedule(tryton, request, key=key))
        except PaymentRefused as refused:
            claims.give_back(key)
            return Payment(status="refused", code=refused.code, message=str(refused))
        claims.keep(key, payment)
        return payment


def _schedule(tryton: Client, request: PaymentRequest, *, key: str) -> Payment:
    """Take the invoice for this key, unless it is paid under another; then draft and submit its payment.

    Only whoever is alone does so, and an invoice has one payment: the one there is belongs to the key that
    the last of our notes on its invoice names.
    """
    invoice = _get_invoice(tryton, request)
    made = _list_payments(tryton, invoice)
    if _claimed_by(tryton, invoice) != key:
        _check_unpaid(invoice, made)
        _check_amount(invoice, request)
        tryton.create("ir.note", {"resource": resource_of(invoice), "message": PAYMENT + key})
    if not made:
        _draft(tryton, invoice, request)
        made = _list_payments(tryton, invoice)
    payment = next((one for one in made if one["state"] != "draft"), made[0])
    if payment["state"] == "draft":
        payment = _submit(tryton, invoice, payment)
    for other in made:
        if other["id"] != payment["id"] and other["state"] == "draft":
            tryton.delete("account.payment", other["id"])
    return Payment(
        status="scheduled",
        payment=payment["number"],
        entry=invoice["number"],
        iban=request.iban,
        amount=str(Decimal(payment["amount"]).quantize(CENT)),
        currency=invoice["currency."]["code"],
        date=payment["date"].isoformat(),
    )


def _claimed_by(tryton: Client, invoice: Record) -> str:
    """Return the key that the invoice's payment belongs to; nothing if it was never ours to pay."""
    notes = tryton.search(
        "ir.note",
        [["resource", "=", resource_of(invoice)], ["message", "like", f"{PAYMENT}%"]],
        ["message"],
        order=[["id", "DESC"]],
        limit=1,
    )
    return str(notes[0]["message"]).removeprefix(PAYMENT) if notes else ""


def _list_payments(tryton: Client, invoice: Record) -> list[Record]:
    """List the payments of an invoice, without those that failed."""
    lines = [line["id"] for line in invoice["move."]["lines."]]
    return tryton.search("account.payment", [["line", "in", lines], ["state", "!=", "failed"]], FIELDS)


def _get_invoice(tryton: Client, request: PaymentRequest) -> Record:
    """Get the invoice to pay, and refuse what is not to be paid, or not to this supplier."""
    entry = request.entry
    found = list_documents(tryton, [["number", "=", entry]])
    if len(found) != 1:
        raise PaymentRefused("unknown_entry", f"{entry} is not the entry of one supplier's invoice")
    invoice = found[0]
    if kind_of(invoice) == "credit_note":
        raise PaymentRefused("credit_note", f"{entry} is a credit note, and a credit note is not paid")
    supplier, currency = invoice["party."]["code"], invoice["currency."]["code"]
    if request.supplier != supplier:
        raise PaymentRefused("other_supplier", f"{entry} is an invoice of {supplier}")
    if request.iban != iban_of(tryton, invoice["party."]["id"]):
        raise PaymentRefused("other_account", f"{request.iban} is not the account of {supplier}")
    if request.currency != currency:
        raise PaymentRefused("other_currency", f"{entry} is an invoice in {currency}")
    return invoice


def _check_unpaid(invoice: Record, made: list[Record]) -> None:
    entry = invoice["number"]
    if made:
        message = f"{entry} is paid by {made[0]['number']} on {made[0]['date']}"
        raise PaymentRefused("already_scheduled", message)
    if invoice["state"] == "paid" or not invoice["lines_to_pay"]:
        raise PaymentRefused("already_scheduled", f"{entry} is paid")


def _draft(tryton: Client, invoice: Record, request: PaymentRequest) -> None:
    """Draft the payment of the invoice's open line; what Tryton refuses is refused in its words."""
    currency = invoice["currency."]["code"]
    journals = tryton.search("account.payment.journal", [["currency.code", "=", currency]], [], limit=1)
    if not journals:
        raise PaymentRefused("unbookable", f"Tryton has no journal for payments in {currency}")
    values = {
        "company": tryton.company,
        "journal": journals[0]["id"],
        "kind": "payable",
        "party": invoice["party."]["id"],
        "line": invoice["lines_to_pay"][0],
        "date": date.fromisoformat(request.date),
        "amount": _amount(invoice, request),
        "reference": invoice["reference"],
    }
    try:
        tryton.create("account.payment", values)
    except TrytonRefused as refused:
        raise PaymentRefused("unbookable", str(refused)) from refused


def _amount(invoice: Record, request: PaymentRequest) -> Decimal:
    return amount_of(invoice) if request.units is None else Decimal(amount_text(request.units))


def _check_amount(invoice: Record, request: PaymentRequest) -> None:
    """Refuse nothing, and more than the invoice's total."""
    total, amount = amount_of(invoice), _amount(invoice, request)
    if amount == 0:
        raise PaymentRefused("unbookable", "amount: there is nothing to pay")
    if amount > total:
        amounts = f"{amount} is more than the total {total} {invoice['currency.']['code']}"
        raise PaymentRefused("amount_exceeds", f"{invoice['number']}: {amounts}")


def _submit(tryton: Client, invoice: Record, payment: Record) -> Record:
    refusal = None
    try:
        tryton.press("account.payment", payment["id"], "submit", _skip_warnings=True)
    except TrytonRefused as refused:
        refusal = refused
    now = next(one for one in _list_payments(tryton, invoice) if one["id"] == payment["id"])
    if now["state"] != "draft":
        return now
    tryton.delete("account.payment", payment["id"])
    raise PaymentRefused("unbookable", str(refusal))
