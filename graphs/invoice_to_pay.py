"""Invoice to pay: from a supplier's electronic invoice to a booking in the ERP and a scheduled payment.

What the rules allow is booked, what they refuse is rejected, everything else is asked of the role that
they name.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field, JsonValue

from nodes.decide import decide
from nodes.documents import find_document
from nodes.einvoice import Finding, Invoice, check_arithmetic, read_invoice
from nodes.matching import Match, Order, match_order
from nodes.review import Approval, Completion, Review
from tools import RETRY, server

SAMPLES = Path(__file__).parent / "samples" / "invoice_to_pay"

erp = server("erp")


class Arrival(BaseModel):
    """What starts a case: a document that came in."""

    document: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="The document's reference: `sha256:…` of a stored one, or `sample:<file>`.",
            examples=["sample:01-clean-with-order.xml"],
        ),
    ]
    received_on: Annotated[
        date | None, Field(description="The day it came in; today (UTC) if not stated.")
    ] = None


class Supplier(BaseModel):
    """The supplier as the ERP's master data know it."""

    id: str
    name: str
    iban: str
    terms_days: int


class Payable(Arrival):
    """A supplier's invoice on its way through the house. Every outcome starts at the cautious answer."""

    title: str = ""
    as_of: date | None = None
    invoice: Invoice | None = None
    found: dict[str, str] = {}
    findings: list[Finding] = []
    arithmetic: list[Finding] = []
    supplier: Supplier | None = None
    same_invoices: list[dict[str, JsonValue]] = []
    preceding: list[dict[str, JsonValue]] = []
    match: Match | None = None
    facts: dict[str, JsonValue] = {}
    decision: dict[str, Any] = {}
    answer: dict[str, str] = {}
    booking: dict[str, JsonValue] = {}
    payment: dict[str, JsonValue] = {}
    outcome: Literal["book", "ask", "reject"] = "ask"
    result: str = ""

    @property
    def read_invoice(self) -> Invoice:
        """The invoice, in the steps that come after it was read."""
        if self.invoice is None:
            raise ValueError("no invoice was read from the document")
        return self.invoice


async def read(state: Payable) -> dict[str, Any]:
    """Read the electronic invoice from the document."""
    document = await find_document(state.document, samples=SAMPLES)
    received_on = state.received_on or datetime.now(UTC).date()
    if document is None:
        missing = Finding(code="missing_document", message=f"there is no document {state.document}")
        return {"as_of": received_on.isoformat(), "invoice": None, "findings": [missing.model_dump()]}
    reading = await asyncio.to_thread(read_invoice, document.content)
    return {
        "as_of": received_on.isoformat(),
        "title": _title(reading.invoice) if reading.invoice else f"Document {document.name}",
        "invoice": reading.invoice.model_dump(mode="json") if reading.invoice else None,
        "found": reading.found,
        "findings": [finding.model_dump() for finding in reading.findings],
    }


def complete(state: Payable) -> dict[str, Any]:
    """Ask for a better document when this one cannot be read or lacks what is needed."""
    review = Review(
        question="The document cannot be processed. Reject it, or name a better one?",
        role="ap_clerk",
        reason="; ".join(finding.message for finding in state.findings) or "no invoice was found in it",
        proposal="reject",
        evidence={
            "document": state.document,
            "found": dict(state.found),
            "missing": [finding.model_dump() for finding in state.findings],
        },
    )
    answer = interrupt(review.model_dump(mode="json"), response_schema=Completion)
    if answer.decision == "replace":
        return {"document": answer.document, "answer": answer.model_dump(), "outcome": "ask"}
    return {"answer": answer.model_dump(), "outcome": "reject"}


def check(state: Payable) -> dict[str, Any]:
    """Check the sums by the arithmetic of EN 16931."""
    return {"arithmetic": [finding.model_dump() for finding in check_arithmetic(state.read_invoice)]}


async def find_supplier(state: Payable) -> dict[str, Any]:
    """Look the seller up in the master data."""
    seller = state.read_invoice.seller
    found = await erp.call("find_supplier", vat_id=seller.vat_id or "", name=seller.name)
    return {"supplier": found["supplier"]}


async def find_duplicates(state: Payable) -> dict[str, Any]:
    """Look for the same invoice in the books, and for the invoices that this one refers to."""
    if state.supplier is None:
        return {"same_invoices": [], "preceding": []}
    invoice, supplier = state.read_invoice, state.supplier.id
    same = await erp.call(
        "find_invoices",
        supplier=supplier,
        number=invoice.number,
        total=str(abs(invoice.totals.tax_inclusive)),
        currency=invoice.currency,
        date=invoice.issue_date.isoformat(),
    )
    earlier = [
        await erp.call("find_invoices", supplier=supplier, number=one.number) for one in invoice.preceding
    ]
    return {
        "same_invoices": [one for one in same["invoices"] if one["kind"] == invoice.kind],
        "preceding": [one for found in earlier for one in found["invoices"] if one["kind"] == "invoice"],
    }


async def match(state: Payable) -> dict[str, Any]:
    """Match every line with the purchase order and the goods receipts."""
    reference = state.read_invoice.order_reference
    found = await erp.call("get_order", number=reference) if reference else {"order": None}
    order = Order.model_validate(found["order"]) if found["order"] else None
    supplier = state.supplier.id if state.supplier else None
    return {"match": match_order(state.read_invoice, order, supplier=supplier).model_dump(mode="json")}


async def assess(state: Payable) -> dict[str, Any]:
    """Gather the facts that the rules ask for; a fact that nobody knows is missing, not zero."""
    invoice, matched = state.read_invoice, state.match or Match(order="none")
    converted = await erp.call(
        "convert_amount",
        amount=str(invoice.totals.tax_inclusive),
        currency=invoice.currency,
        date=invoice.issue_date.isoformat(),
    )
    facts: dict[str, JsonValue] = {
        "kind": invoice.kind,
        "amount": {"amount": converted["amount"], "currency": converted["currency"]}
        if converted["found"]
        else None,
        "currency": invoice.currency,
        "supplier": "known" if state.supplier else "unknown",
        "iban": _iban_fact(invoice, state.supplier),
        "arithmetic": "wrong" if state.arithmetic else "right",
        "duplicate": _duplicate_fact(state.same_invoices),
        "order": matched.order,
        "price_variance_pct": _text(matched.price_variance_pct),
        "quantity_excess": _text(matched.quantity_excess),
        "preceding": "none" if not invoice.preceding else "booked" if state.preceding else "not_booked",
    }
    return {"facts": facts}


def ask(state: Payable) -> dict[str, Any]:
    """Ask the role that the rules named."""
    refusal = state.booking.get("message")
    review = Review(
        question=f"Book {state.title}?",
        role=state.decision.get("outcome", {}).get("role") or "ap_clerk",
        reason=f"The ERP refused to book it: {refusal}" if refusal else _reason(state.decision),
        proposal=None if refusal else "approve",
        evidence={
            "document": state.document,
            "facts": state.facts,
            "decision": state.decision,
            "supplier": state.supplier.model_dump() if state.supplier else None,
            "same_invoices": list(state.same_invoices),
            "match": state.match.model_dump(mode="json") if state.match else None,
        },
    )
    answer = interrupt(review.model_dump(mode="json"), response_schema=Approval)
    outcomes = {"approve": "book", "reject": "reject", "check_again": "ask"}
    return {"answer": answer.model_dump(), "booking": {}, "outcome": outcomes[answer.decision]}


async def book(state: Payable) -> dict[str, Any]:
    """Book the invoice in the ERP."""
    invoice, supplier = state.read_invoice, _known(state.supplier)
    billed = state.match.billed if state.match else {}
    booking = await erp.call(
        "book_invoice",
        supplier=supplier.id,
        number=invoice.number,
        kind=invoice.kind,
        date=invoice.issue_date.isoformat(),
        due_date=_due_date(invoice, supplier).isoformat(),
        currency=invoice.currency,
        net=str(invoice.totals.tax_exclusive),
        tax=str(invoice.totals.tax),
        total=str(invoice.totals.tax_inclusive),
        order=invoice.order_reference or "",
        lines=[{"order_line": int(line), "quantity": str(quantity)} for line, quantity in billed.items()],
    )
    if booking["status"] == "refused":
        return {"booking": booking, "outcome": "ask"}
    return {"booking": booking, "outcome": "book", "result": f"booked as entry {booking['entry']}"}


async def schedule(state: Payable) -> dict[str, Any]:
    """Schedule the payment, to the account in the master data."""
    due = _due_date(state.read_invoice, _known(state.supplier))
    day = max(due, state.as_of or due)
    payment = await erp.call("schedule_payment", entry=state.booking["entry"], date=day.isoformat())
    if payment["status"] == "refused":
        return {"payment": payment, "result": f"{state.result}, no payment: {payment['message']}"}
    return {"payment": payment, "result": f"{state.result}, payment {payment['payment']} on {day}"}


def reject(state: Payable) -> dict[str, Any]:
    """Reject the document and say why."""
    by_rule = [_reason(state.decision), *(finding.message for finding in state.arithmetic)]
    reason = state.answer.get("comment") or "; ".join(by_rule)
    return {"outcome": "reject", "result": f"rejected: {reason}"}


def _title(invoice: Invoice) -> str:
    word = "Invoice" if invoice.kind == "invoice" else "Credit note"
    total = f"{invoice.totals.tax_inclusive:,.2f} {invoice.currency}"
    return f"{word} {invoice.number} of {invoice.seller.name}, {total}"


def _iban_fact(invoice: Invoice, supplier: Supplier | None) -> str:
    """Compare every account on the document with the master data; one that differs is a change."""
    accounts = {means.account for means in invoice.payment_means if means.account}
    if not accounts:
        return "absent"
    return "same" if supplier and accounts == {supplier.iban} else "changed"


def _duplicate_fact(same: list[dict[str, JsonValue]]) -> str:
    if not same:
        return "none"
    return "certain" if any(one["matched_by"] == "number" for one in same) else "possible"


def _due_date(invoice: Invoice, supplier: Supplier) -> date:
    return invoice.due_date or invoice.issue_date + timedelta(days=supplier.terms_days)


def _known(supplier: Supplier | None) -> Supplier:
    if supplier is None:
        raise ValueError("an invoice of an unknown supplier cannot be booked")
    return supplier


def _reason(decision: dict[str, Any]) -> str:
    if decision.get("kind") == "decision":
        return f"{decision['because']} ({decision['rule']})"
    return str(decision.get("message", "the rules gave no decision"))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def after_read(state: Payable) -> Literal["complete", "check"]:
    return "check" if state.invoice else "complete"


def after_complete(state: Payable) -> Literal["read", "reject"]:
    return "reject" if state.outcome == "reject" else "read"


def after_decide(state: Payable) -> Literal["book", "ask", "reject"]:
    """Follow the table; what it could not decide is asked."""
    routes: dict[str, Literal["book", "ask", "reject"]] = {
        "book": "book",
        "review": "ask",
        "reject": "reject",
    }
    return routes[state.decision["outcome"]["route"]] if state.decision["kind"] == "decision" else "ask"


def after_ask(state: Payable) -> Literal["book", "find_supplier", "reject"]:
    """Act on the answer; an approval for a supplier still unknown is looked up again first."""
    if state.outcome == "reject":
        return "reject"
    return "book" if state.outcome == "book" and state.supplier else "find_supplier"


def after_book(state: Payable) -> Literal["ask", "schedule", "done"]:
    """A refusal is a person's again; a credit note is not paid."""
    if state.booking["status"] == "refused":
        return "ask"
    return "schedule" if state.read_invoice.kind == "invoice" else "done"


graph = (
    StateGraph(Payable, input_schema=Arrival)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(read)
    .add_node(complete)
    .add_sequence([check, find_supplier, find_duplicates, match, assess, decide("invoice_to_pay")])
    .add_node(ask)
    .add_node(book)
    .add_node(schedule)
    .add_node(reject)
    .add_edge(START, "read")
    .add_conditional_edges("read", after_read)
    .add_conditional_edges("complete", after_complete)
    .add_conditional_edges("decide", after_decide)
    .add_conditional_edges("ask", after_ask)
    .add_conditional_edges("book", after_book, {"ask": "ask", "schedule": "schedule", "done": END})
    .add_edge("schedule", END)
    .add_edge("reject", END)
)
