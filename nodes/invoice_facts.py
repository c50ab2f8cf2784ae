"""What an invoice tells the rules: each fact one word of a closed list, the cautious one when in doubt."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, JsonValue

from nodes.einvoice import Finding, Invoice
from nodes.matching import Match

HIGHEST_VAT = Decimal(27)
"""Percent. Hungary's standard rate is the highest in the European Union; a directive sets no ceiling."""

UNTAXED = {"Z", "E", "AE", "K", "G", "O"}
"""VAT categories of EN 16931 under which no tax is due."""

TRANSFER = {"1", "30", "31", "42", "57", "58"}
COLLECTED = {"10", "48", "49", "54", "55", "59", "97"}
"""UNTDID 4461: cash, cards, direct debits and clearing, where the supplier takes or has the money."""

UNUSUAL = {"negative_payable", "BR-27", "BR-28", "PEPPOL-EN16931-R120", "PEPPOL-EN16931-R046"}
"""Findings that leave the sums right: nothing is owed, a price is negative, or a unit price is rounded."""

LONGEST_TERM = timedelta(days=366)


FACT_SOURCES = {
    **dict.fromkeys(("kind", "type", "currency", "due", "payee", "payment", "dates", "vat"), "the document"),
    "arithmetic": "the document, by the rules of EN 16931",
    "amount": "the document, in euro by the ERP's rate",
    "buyer": "the document, beside our company in the ERP",
    **dict.fromkeys(("supplier", "hold"), "the supplier in the ERP"),
    **dict.fromkeys(("identity", "iban"), "the document, beside the supplier in the ERP"),
    **dict.fromkeys(("twin", "days_apart", "preceding"), "the document, beside the ERP's booked invoices"),
    **dict.fromkeys(
        ("order", "price_variance_pct", "quantity_excess"),
        "the document, beside the order and its receipts in the ERP",
    ),
}
"""Where each fact comes from, as a decision tells it."""


class Company(BaseModel):
    """Who we are, or who the supplier is, for comparison with a document."""

    model_config = ConfigDict(extra="ignore")

    name: str
    vat_id: str


def title_of(invoice: Invoice) -> str:
    """Name a document in the one line that lists show."""
    word = "Invoice" if invoice.kind == "invoice" else "Credit note"
    total = f"{invoice.totals.tax_inclusive:,.2f} {invoice.currency}"
    return f"{word} {invoice.number} of {invoice.seller.name}, {total}"


def facts_of(invoice: Invoice, *, us: Company, as_of: date) -> dict[str, JsonValue]:
    """State the facts that the document alone decides."""
    return {
        "kind": invoice.kind,
        "currency": invoice.currency,
        "buyer": "us" if same_company(invoice.buyer.name, invoice.buyer.vat_id, us) else "other",
        "payee": _payee(invoice),
        "type": "ordinary" if invoice.type_code in {"380", "381"} else "special",
        "due": "total" if invoice.totals.payable == invoice.totals.tax_inclusive else "differs",
        "payment": _payment(invoice),
        "dates": _dates(invoice, as_of),
        "vat": "unusual" if _unusual_vat(invoice) else "usual",
    }


def arithmetic_fact(findings: Sequence[Finding]) -> str:
    """Tell sums that are wrong from sums that are right and yet unusual."""
    codes = {finding.code for finding in findings}
    return "right" if not codes else "unusual" if codes <= UNUSUAL else "wrong"


def identity_fact(invoice: Invoice, supplier: Company | None) -> str:
    """Say `full` only if the document's seller and the supplier agree in name and VAT id."""
    if supplier is None or invoice.seller.vat_id is None:
        return "partial"
    return "full" if same_company(invoice.seller.name, invoice.seller.vat_id, supplier) else "partial"


def twin_facts(invoice: Invoice, booked: Sequence[Mapping[str, JsonValue]]) -> dict[str, JsonValue]:
    """Compare with what the ERP found booked: by number, or else by the amount, the nearest in time."""
    mark = (f"{invoice.totals.tax_inclusive:.2f}", invoice.issue_date.isoformat())
    numbered = [(one["total"], one["date"]) == mark for one in booked if one["matched_by"] == "number"]
    days = [
        abs((date.fromisoformat(str(one["date"])) - invoice.issue_date).days)
        for one in booked
        if one["matched_by"] == "amount"
    ]
    twin = "same" if any(numbered) else "number" if numbered else "none"
    return {"twin": twin, "days_apart": min(days, default=None)}


def match_facts(matched: Match) -> dict[str, JsonValue]:
    """State what the match came to; what was not compared is missing, not zero."""
    return {
        "order": matched.order,
        "price_variance_pct": _text(matched.price_variance_pct),
        "quantity_excess": _text(matched.quantity_excess),
    }


def iban_fact(invoice: Invoice, iban: str | None) -> str:
    """Compare every account on the document with the master data; one that differs is a change."""
    accounts = {_compact(means.account) for means in invoice.payment_means if means.account}
    if not accounts:
        return "absent"
    return "same" if iban and accounts == {_compact(iban)} else "changed"


def same_company(name: str, vat_id: str | None, company: Company) -> bool:
    """Compare names, and VAT ids where one is stated; case, spaces and punctuation do not count."""
    if _compact(name) != _compact(company.name):
        return False
    return vat_id is None or _compact(vat_id) == _compact(company.vat_id)


def _payee(invoice: Invoice) -> str:
    payee = invoice.payee
    return "seller" if payee is None or _compact(payee.name) == _compact(invoice.seller.name) else "other"


def _payment(invoice: Invoice) -> str:
    codes = {means.code for means in invoice.payment_means}
    if codes & COLLECTED:
        return "collected"
    return "transfer" if codes <= TRANSFER else "other"


def _dates(invoice: Invoice, as_of: date) -> str:
    issued, due = invoice.issue_date, invoice.due_date or invoice.issue_date
    return "plausible" if issued <= as_of and issued <= due <= issued + LONGEST_TERM else "odd"


def _unusual_vat(invoice: Invoice) -> bool:
    groups = [(group.category, group.rate or Decimal(0), group.tax) for group in invoice.vat]
    return any(
        not 0 <= rate <= HIGHEST_VAT or tax < 0 or (category in UNTAXED and (rate or tax))
        for category, rate, tax in groups
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _compact(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())
