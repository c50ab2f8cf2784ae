"""When an invoice is paid, and how much of it: due dates, discounts, and what either choice costs."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from nodes.einvoice import Invoice
from nodes.review import Review, reason_of

PAYMENT_SOURCES = {
    "hold": "the supplier in the ERP",
    "discount": "the document, by the supplier's terms in the ERP",
    "cash": "treasury in the ERP",
}
"""Where each fact comes from, as a decision tells it."""


class Supplier(BaseModel):
    """The supplier as the ERP's master data know it.

    The discount, in percent, is for payment within `discount_days` of the invoice's date.
    """

    id: str
    name: str
    vat_id: str
    iban: str
    terms_days: int
    hold: Literal["none", "payment", "all"] = "all"
    discount_pct: Decimal | None = None
    discount_days: int | None = None


class Treasury(BaseModel):
    """What the ERP says of our cash: up to this day nothing is paid before it is due."""

    model_config = ConfigDict(extra="ignore")

    cash_stop_until: date | None = None


def due_date(invoice: Invoice, supplier: Supplier) -> date:
    """The day of the document, else of the supplier's terms; never before the invoice."""
    due = invoice.due_date or invoice.issue_date + timedelta(days=supplier.terms_days)
    return max(due, invoice.issue_date)


def discount(invoice: Invoice, supplier: Supplier, *, today: date) -> Decimal | None:
    """What paying today saves, in the invoice's currency, or None if there are no terms or it is too late.

    Cents are rounded down: whoever takes more than was agreed is dunned for it.
    """
    if supplier.discount_pct is None or supplier.discount_days is None:
        return None
    if today > invoice.issue_date + timedelta(days=supplier.discount_days):
        return None
    saved = invoice.totals.payable * supplier.discount_pct / 100
    return saved.quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def payment_facts(
    invoice: Invoice, supplier: Supplier | None, treasury: Treasury, *, today: date
) -> dict[str, JsonValue]:
    """State what the table of payments asks for. Only a discount in euro is offered to it."""
    if supplier is None:
        return {"hold": None, "discount": None, "cash": "free"}
    saved = discount(invoice, supplier, today=today) if invoice.currency == "EUR" else None
    stopped = treasury.cash_stop_until is not None and today <= treasury.cash_stop_until
    early = today < due_date(invoice, supplier)
    return {
        "hold": supplier.hold,
        "discount": {"amount": f"{saved:f}", "currency": "EUR"} if saved and early else None,
        "cash": "stopped" if stopped and early else "free",
    }


def costs_of_both(
    invoice: Invoice, supplier: Supplier, treasury: Treasury, *, today: date
) -> dict[str, JsonValue]:
    """Say what it costs to wait and what it costs to pay now, for somebody who must choose."""
    saved, due = discount(invoice, supplier, today=today) or Decimal(0), due_date(invoice, supplier)
    payable, currency = invoice.totals.payable, invoice.currency
    return {
        "to_wait": {
            "loses": f"{saved:f} {currency}",
            "pays": f"{payable:f} {currency}",
            "on": due.isoformat(),
        },
        "to_pay_now": {
            "saves": f"{saved:f} {currency}",
            "pays": f"{payable - saved:f} {currency}",
            "on": today.isoformat(),
            "days_before_due": (due - today).days,
            "cash_stopped_until": str(treasury.cash_stop_until) if treasury.cash_stop_until else None,
        },
    }


def payment_review(title: str, decision: Mapping[str, Any], *, evidence: dict[str, JsonValue]) -> Review:
    """Ask legal about a hold, and a controller where the table does not decide when to pay."""
    held = decision["kind"] == "decision"
    ask = "may not be paid. Is the hold lifted?" if held else "is to be paid. Now, or when it is due?"
    return Review(
        question=f"{title} is booked and {ask}",
        role="legal" if held else "controller",
        reason=reason_of(decision),
        proposal="check_again" if held else None,
        evidence=evidence,
        duty="pay",
    )
