"""The steps that pay what is booked: look up, decide, ask where the table does not decide, schedule."""

from datetime import UTC, date, datetime
from typing import Any, Literal

from langgraph.types import interrupt
from pydantic import BaseModel, JsonValue

from nodes.decide import decide
from nodes.einvoice import Invoice
from nodes.invoice_payment import (
    PAYMENT_SOURCES,
    Supplier,
    Treasury,
    costs_of_both,
    discount,
    due_date,
    payment_facts,
    payment_review,
)
from nodes.review import Settlement
from tools import server

erp = server("erp")


class Paying(BaseModel):
    """What a process knows of an invoice that is booked and to be paid."""

    title: str = ""
    invoice: Invoice | None = None
    supplier: Supplier | None = None
    context: dict[str, str | None] = {}
    answer: dict[str, str] = {}
    booking: dict[str, JsonValue] = {}
    payment_day: date | None = None
    payment_facts: dict[str, JsonValue] = {}
    payment_decision: dict[str, Any] = {}
    treasury: Treasury = Treasury()
    settled: dict[str, JsonValue] = {}
    payment: dict[str, JsonValue] = {}
    result: str = ""

    @property
    def read_invoice(self) -> Invoice:
        """The invoice, in the steps that come after it was read."""
        if self.invoice is None:
            raise ValueError("no invoice was read from the document")
        return self.invoice


def known(supplier: Supplier | None) -> Supplier:
    """The supplier, in the steps that come after it was found."""
    if supplier is None:
        raise ValueError("an invoice of an unknown supplier cannot be booked or paid")
    return supplier


async def plan(state: Paying) -> dict[str, Any]:
    """Look up what decides when to pay: holds and terms of the supplier, and whether cash is stopped."""
    seller, today = state.read_invoice.seller, datetime.now(UTC).date()
    found = await erp.call("find_supplier", vat_id=seller.vat_id or "", name=seller.name)
    supplier = Supplier.model_validate(found["supplier"]) if found["supplier"] else None
    treasury = Treasury.model_validate(await erp.call("get_company"))
    return {
        "supplier": found["supplier"],
        "treasury": treasury.model_dump(mode="json"),
        "payment_day": today.isoformat(),
        "payment_facts": payment_facts(state.read_invoice, supplier, treasury, today=today),
    }


def settle(state: Paying) -> dict[str, Any]:
    """Ask what the rules leave open: when to pay, or whether a hold is lifted."""
    evidence: dict[str, JsonValue] = {
        "booking": state.booking,
        "facts": state.payment_facts,
        "decision": state.payment_decision,
        "supplier": state.supplier.model_dump(mode="json") if state.supplier else None,
        "costs": _costs(state),
    }
    review = payment_review(state.title, state.payment_decision, evidence=evidence)
    answer = interrupt(review.model_dump(mode="json"), response_schema=Settlement)
    if answer.decision == "do_not_pay":
        result = f"{state.result}, not paid: {answer.comment}"
        return {"answer": answer.model_dump(), "settled": {}, "result": result}
    chosen = answer.decision.removeprefix("pay_") if answer.decision != "check_again" else None
    return {"answer": answer.model_dump(), "settled": {"facts": state.payment_facts, "pay": chosen}}


async def schedule(state: Paying) -> dict[str, Any]:
    """Schedule the payment, to the account in the master data, less the discount if it is early."""
    invoice, today = state.read_invoice, state.payment_day or state.read_invoice.issue_date
    amount, day = invoice.totals.payable, max(due_date(invoice, known(state.supplier)), today)
    if _pay(state) == "early":
        saved = discount(invoice, known(state.supplier), today=today)
        amount, day = amount - (saved or 0), today
    payment = await erp.call(
        "schedule_payment",
        entry=state.booking["entry"],
        supplier=known(state.supplier).id,
        iban=known(state.supplier).iban,
        currency=invoice.currency,
        date=day.isoformat(),
        amount=str(amount),
    )
    if payment["status"] == "refused":
        return {"payment": payment, "result": f"{state.result}, no payment: {payment['message']}"}
    return {"payment": payment, "result": f"{state.result}, payment {payment['payment']} on {day}"}


def _pay(state: Paying) -> str:
    """When to pay: as the table says, or where it is of two minds, as was chosen on the same facts."""
    if state.payment_decision.get("kind") == "decision":
        return str(state.payment_decision["outcome"]["pay"])
    chosen = state.settled.get("pay") if state.settled.get("facts") == state.payment_facts else None
    return str(chosen or "ask")


def _costs(state: Paying) -> dict[str, JsonValue]:
    if state.supplier is None or state.payment_day is None:
        return {}
    return costs_of_both(state.read_invoice, state.supplier, state.treasury, today=state.payment_day)


def after_decide_payment(state: Paying) -> Literal["schedule", "settle"]:
    """Pay when the table says, and ask what it withholds or cannot decide."""
    return "schedule" if state.supplier and _pay(state) in ("early", "when_due") else "settle"


def after_settle(state: Paying) -> Literal["plan", "done"]:
    """Look everything up again before an answer is acted upon: a hold or a discount lost goes before it."""
    return "done" if state.answer["decision"] == "do_not_pay" else "plan"


def entity_of(state: Paying) -> dict[str, str | None]:
    return {"entity": state.context.get("entity")}


def payment_facts_of(state: Paying) -> dict[str, JsonValue]:
    return state.payment_facts


def payment_day_of(state: Paying) -> date | None:
    return state.payment_day


decide_payment = decide(
    "invoice_payment",
    facts=payment_facts_of,
    as_of=payment_day_of,
    context=entity_of,
    sources=PAYMENT_SOURCES,
    reads=("pay",),
    into="payment_decision",
)
