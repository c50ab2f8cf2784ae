"""Invoice to pay: from a supplier's electronic invoice to a booking in the ERP and a scheduled payment.

What the rules allow is booked, what they refuse is rejected, everything else is asked of the role that
they name.
"""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field, JsonValue

from nodes.decide import decide
from nodes.documents import find_document
from nodes.einvoice import Finding, check_arithmetic, read_invoice
from nodes.invoice_facts import (
    FACT_SOURCES,
    Company,
    arithmetic_fact,
    facts_of,
    iban_fact,
    identity_fact,
    match_facts,
    title_of,
    twin_facts,
)
from nodes.invoice_limits import beyond_limits
from nodes.invoice_payment import due_date
from nodes.matching import Match, Order, match_order
from nodes.paying import (
    Paying,
    after_decide_payment,
    after_settle,
    decide_payment,
    known,
    plan,
    schedule,
    settle,
)
from nodes.review import Approval, Completion, Review, reason_of
from tools import RETRY, server
from tools.errors import ToolRefused

SAMPLES = Path(__file__).parent / "samples" / "invoice_to_pay"

FAR_APART = 31
"""Days around an invoice in which its like is looked for; the table of duplicates says which count."""

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


class Payable(Arrival, Paying):
    """A supplier's invoice on its way through the house. Every outcome starts at the cautious answer."""

    as_of: date | None = None
    found: dict[str, str] = {}
    findings: list[Finding] = []
    arithmetic: list[Finding] = []
    same_invoices: list[dict[str, JsonValue]] = []
    preceding: list[dict[str, JsonValue] | None] = []
    match: Match | None = None
    facts: dict[str, JsonValue] = {}
    approved: dict[str, JsonValue] = {}
    approvals: int = 0
    decision: dict[str, Any] = {}
    outcome: Literal["book", "ask", "reject"] = "ask"


async def read(state: Payable) -> dict[str, Any]:
    """Read the electronic invoice from the document."""
    today = datetime.now(UTC).date().isoformat()
    document = await find_document(state.document, samples=SAMPLES)
    if document is None:
        missing = Finding(code="missing_document", message=f"there is no document {state.document}")
        return {"as_of": today, "invoice": None, "findings": [missing.model_dump()]}
    reading = await asyncio.to_thread(read_invoice, document.content)
    findings = [*reading.findings, *(beyond_limits(reading.invoice) if reading.invoice else [])]
    return {
        "as_of": today,
        "title": title_of(reading.invoice) if reading.invoice else f"Document {document.name}",
        "invoice": reading.invoice.model_dump(mode="json") if reading.invoice else None,
        "found": reading.found,
        "findings": [finding.model_dump() for finding in findings],
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
        duty="book",
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
        days=FAR_APART,
    )
    earlier = [
        await erp.call("find_invoices", supplier=supplier, number=one.number) for one in invoice.preceding
    ]
    return {
        "same_invoices": [one for one in same["invoices"] if one["kind"] == invoice.kind],
        "preceding": [
            next((one for one in found["invoices"] if one["kind"] == "invoice"), None) for found in earlier
        ],
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
    company = await erp.call("get_company")
    converted = await erp.call(
        "convert_amount",
        amount=str(invoice.totals.tax_inclusive),
        currency=invoice.currency,
        date=invoice.issue_date.isoformat(),
    )
    supplier = Company.model_validate(state.supplier.model_dump()) if state.supplier else None
    amount = {"amount": converted["amount"], "currency": converted["currency"]}
    facts: dict[str, JsonValue] = {
        **facts_of(invoice, us=Company.model_validate(company), as_of=state.as_of or invoice.issue_date),
        "amount": amount if converted["found"] else None,
        "arithmetic": arithmetic_fact(state.arithmetic),
        "supplier": "known" if supplier else "unknown",
        "hold": state.supplier.hold if state.supplier else "none",
        "identity": identity_fact(invoice, supplier),
        "iban": iban_fact(invoice, state.supplier.iban if state.supplier else None),
        **twin_facts(invoice, state.same_invoices),
        **match_facts(matched),
        "preceding": "none" if not invoice.preceding else "booked" if all(state.preceding) else "not_booked",
    }
    return {"facts": facts, "context": {"entity": company["entity"], "contract": matched.contract}}


def ask(state: Payable) -> dict[str, Any]:
    """Ask the role that the rules named."""
    refusal = state.booking.get("message")
    review = Review(
        question=f"Book {state.title}?{_which_approval(state)}",
        role=state.decision.get("outcome", {}).get("role") or "controller",
        reason=f"The ERP refused to book it: {refusal}" if refusal else reason_of(state.decision),
        proposal=None if refusal else "approve",
        evidence=_evidence(state),
        duty="book",
    )
    answer = interrupt(review.model_dump(mode="json"), response_schema=Approval)
    return {
        "answer": answer.model_dump(),
        "approved": state.facts if answer.decision == "approve" else {},
        "approvals": _given_approvals(state) + 1 if answer.decision == "approve" else 0,
        "booking": {},
        "outcome": "reject" if answer.decision == "reject" else "ask",
    }


async def book(state: Payable) -> dict[str, Any]:
    """Book the invoice in the ERP; what it refuses is asked."""
    invoice, supplier, matched = (
        state.read_invoice,
        known(state.supplier),
        state.match or Match(order="none"),
    )
    billed = matched.billed if invoice.kind == "invoice" else {}
    try:
        booking = await erp.call(
            "book_invoice",
            supplier=supplier.id,
            number=invoice.number,
            kind=invoice.kind,
            date=invoice.issue_date.isoformat(),
            due_date=due_date(invoice, supplier).isoformat(),
            currency=invoice.currency,
            net=str(invoice.totals.tax_exclusive),
            tax=str(invoice.totals.tax),
            total=str(invoice.totals.tax_inclusive),
            order=matched.number or "",
            lines=[{"order_line": int(line), "quantity": f"{billed[line]:f}"} for line in billed],
            preceding=[one.number for one in invoice.preceding] if invoice.kind == "credit_note" else [],
            despite=["over_received"] if state.approved or _tolerates_excess(state) else [],
        )
    except ToolRefused as refused:
        booking = {"status": "refused", "message": str(refused)}
    if booking["status"] == "refused":
        return {"booking": booking, "approved": {}, "approvals": 0, "outcome": "ask"}
    return {"booking": booking, "outcome": "book", "result": f"booked as entry {booking['entry']}"}


def reject(state: Payable) -> dict[str, Any]:
    """Reject the document and say why."""
    by_rule = [reason_of(state.decision), *(finding.message for finding in state.arithmetic)]
    by_person = state.answer.get("decision") == "reject"
    reason = state.answer["comment"] if by_person else "; ".join(by_rule)
    return {"outcome": "reject", "result": f"rejected: {reason}"}


def _evidence(state: Payable) -> dict[str, JsonValue]:
    """Put together what a person needs to see beside the question."""
    invoice = state.read_invoice
    return {
        "document": state.document,
        "facts": state.facts,
        "decision": state.decision,
        "buyer": invoice.buyer.model_dump(mode="json", include={"name", "vat_id"}),
        "payee": invoice.payee.name if invoice.payee else None,
        "accounts": [means.account for means in invoice.payment_means if means.account],
        "amount_due": f"{invoice.totals.payable:.2f} {invoice.currency}",
        "supplier": state.supplier.model_dump(mode="json") if state.supplier else None,
        "same_invoices": list(state.same_invoices),
        "match": state.match.model_dump(mode="json") if state.match else None,
    }


def _tolerates_excess(state: Payable) -> bool:
    """Whether the table books more than was received, because a contract tolerates it."""
    excess = state.match.quantity_excess if state.match else None
    return state.decision["outcome"]["route"] == "book" and excess is not None and excess > 0


def _which_approval(state: Payable) -> str:
    needed = _needed_approvals(state)
    return f" Approval {_given_approvals(state) + 1} of {needed}." if needed > 1 else ""


def _needed_approvals(state: Payable) -> int:
    return state.decision.get("outcome", {}).get("approvers") or 1


def _given_approvals(state: Payable) -> int:
    """How many have approved these facts; an approval of other facts is none."""
    return state.approvals if state.approved == state.facts else 0


def context_of(state: Payable) -> dict[str, str | None]:
    return state.context


def after_read(state: Payable) -> Literal["complete", "check"]:
    return "check" if state.invoice and not state.findings else "complete"


def after_complete(state: Payable) -> Literal["read", "reject"]:
    return "reject" if state.outcome == "reject" else "read"


def after_decide(state: Payable) -> Literal["book", "ask", "reject"]:
    """Follow the table; an approval counts if the facts are still those that were approved.

    What the table could not decide is asked, and no approval replaces the table.
    """
    if state.decision["kind"] != "decision":
        return "ask"
    route = state.decision["outcome"]["route"]
    if route == "review":
        return "book" if state.supplier and _given_approvals(state) >= _needed_approvals(state) else "ask"
    return "book" if route == "book" else "reject"


def after_ask(state: Payable) -> Literal["find_supplier", "reject"]:
    """Look everything up again before an approval is acted upon: the world may have moved on meanwhile."""
    return "reject" if state.outcome == "reject" else "find_supplier"


def after_book(state: Payable) -> Literal["ask", "plan", "done"]:
    """Ask again what was refused; pay what is owed, unless the money goes another way."""
    if state.booking["status"] == "refused":
        return "ask"
    owed = state.read_invoice.kind == "invoice" and state.read_invoice.totals.payable > 0
    by_transfer = (state.facts["payment"], state.facts["payee"]) == ("transfer", "seller")
    return "plan" if owed and by_transfer else "done"


graph = (
    StateGraph(Payable, input_schema=Arrival)
    .set_node_defaults(retry_policy=RETRY)
    .add_node(read)
    .add_node(complete)
    .add_sequence(
        [
            check,
            find_supplier,
            find_duplicates,
            match,
            assess,
            decide(
                "invoice_to_pay",
                context=context_of,
                sources=FACT_SOURCES,
                reads=("route", "role", "approvers"),
            ),
        ]
    )
    .add_node(ask)
    .add_node(book)
    .add_node(plan)
    .add_node("decide_payment", decide_payment)
    .add_node(settle)
    .add_node(schedule)
    .add_node(reject)
    .add_edge(START, "read")
    .add_conditional_edges("read", after_read)
    .add_conditional_edges("complete", after_complete)
    .add_conditional_edges("decide", after_decide)
    .add_conditional_edges("ask", after_ask)
    .add_conditional_edges("book", after_book, {"ask": "ask", "plan": "plan", "done": END})
    .add_edge("plan", "decide_payment")
    .add_conditional_edges("decide_payment", after_decide_payment)
    .add_conditional_edges("settle", after_settle, {"plan": "plan", "done": END})
    .add_edge("schedule", END)
    .add_edge("reject", END)
)
