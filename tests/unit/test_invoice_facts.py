"""What an invoice tells the rules."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nodes.einvoice import Finding, Invoice, read_invoice
from nodes.einvoice.model import Party, PaymentMeans, PrecedingInvoice
from nodes.invoice_facts import (
    Company,
    arithmetic_fact,
    facts_of,
    iban_fact,
    identity_fact,
    match_facts,
    twin_facts,
)
from nodes.invoice_limits import beyond_limits
from nodes.matching import Match

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
US = Company(name="Halden Werke GmbH", vat_id="DE811907980")
BERGMANN = Company(name="Bergmann Stahlhandel GmbH", vat_id="DE129273398")
IBAN = "DE64500105170000110011"
TODAY = date(2026, 11, 1)


@pytest.fixture
def invoice() -> Invoice:
    """Bergmann's clean invoice, addressed to us, to be paid by transfer."""
    reading = read_invoice((SAMPLES / "01-clean-with-order.xml").read_bytes())
    assert reading.invoice is not None
    return reading.invoice


def changed(invoice: Invoice, **update: Any) -> Invoice:
    return invoice.model_copy(update=update)


def with_totals(invoice: Invoice, **update: Any) -> Invoice:
    return changed(invoice, totals=invoice.totals.model_copy(update=update))


def with_vat(invoice: Invoice, **update: Any) -> Invoice:
    return changed(invoice, vat=(invoice.vat[0].model_copy(update=update),))


def paid_by(invoice: Invoice, *codes: str) -> Invoice:
    return changed(invoice, payment_means=tuple(PaymentMeans(code=code) for code in codes))


def fact(invoice: Invoice, name: str) -> object:
    return facts_of(invoice, us=US, as_of=TODAY)[name]


def test_an_ordinary_invoice_has_nothing_odd(invoice: Invoice) -> None:
    assert facts_of(invoice, us=US, as_of=TODAY) == {
        "kind": "invoice",
        "currency": "EUR",
        "buyer": "us",
        "payee": "seller",
        "type": "ordinary",
        "due": "total",
        "payment": "transfer",
        "dates": "plausible",
        "vat": "usual",
    }


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        (Party(name="HALDEN WERKE GMBH", vat_id="DE 811.907.980"), "us"),
        (Party(name="Halden Werke GmbH"), "us"),
        (Party(name="Halden Werke GmbH", vat_id="DE999999999"), "other"),
        (Party(name="Other GmbH", vat_id="DE811907980"), "other"),
    ],
)
def test_the_buyer_is_us_only_if_nothing_stated_contradicts(
    invoice: Invoice, buyer: Party, expected: str
) -> None:
    assert fact(changed(invoice, buyer=buyer), "buyer") == expected


def test_another_payee_is_another(invoice: Invoice) -> None:
    assert fact(changed(invoice, payee=Party(name="Factoring Bank AG")), "payee") == "other"
    assert fact(changed(invoice, payee=Party(name=invoice.seller.name.upper())), "payee") == "seller"


@pytest.mark.parametrize("code", ["384", "386", "389", "393", "71"])
def test_other_type_codes_are_special(invoice: Invoice, code: str) -> None:
    assert fact(changed(invoice, type_code=code), "type") == "special"


def test_an_amount_due_that_is_not_the_total_differs(invoice: Invoice) -> None:
    total = invoice.totals.tax_inclusive

    assert fact(with_totals(invoice, payable=total - 1), "due") == "differs"
    assert fact(with_totals(invoice, payable=Decimal("0.00")), "due") == "differs"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["58"], "transfer"),
        ([], "transfer"),
        (["59"], "collected"),
        (["58", "59"], "collected"),
        (["48"], "collected"),
        (["10"], "collected"),
        (["ZZZ"], "other"),
        (["20"], "other"),
    ],
)
def test_the_payment_means_say_who_moves_the_money(invoice: Invoice, codes: list[str], expected: str) -> None:
    assert fact(paid_by(invoice, *codes), "payment") == expected


@pytest.mark.parametrize(
    ("issued", "due", "expected"),
    [
        (date(2026, 11, 1), date(2026, 11, 1), "plausible"),
        (date(2026, 11, 2), None, "odd"),
        (date(2026, 10, 1), date(2026, 9, 30), "odd"),
        (date(2026, 10, 1), date(2027, 10, 2), "plausible"),
        (date(2026, 10, 1), date(2027, 10, 3), "odd"),
        (date(2026, 10, 1), None, "plausible"),
    ],
)
def test_dates_are_odd_in_the_future_or_out_of_order(
    invoice: Invoice, issued: date, due: date | None, expected: str
) -> None:
    assert fact(changed(invoice, issue_date=issued, due_date=due), "dates") == expected


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"rate": Decimal(27)}, "usual"),
        ({"rate": Decimal("27.01")}, "unusual"),
        ({"rate": Decimal(-19)}, "unusual"),
        ({"tax": Decimal("-0.01")}, "unusual"),
        ({"category": "AE", "rate": Decimal(19)}, "unusual"),
        ({"category": "AE", "rate": None, "tax": Decimal(0)}, "usual"),
        ({"category": "Z", "rate": Decimal(0), "tax": Decimal("0.01")}, "unusual"),
    ],
)
def test_vat_beyond_any_rate_or_under_no_tax_is_unusual(
    invoice: Invoice, update: dict[str, Any], expected: str
) -> None:
    assert fact(with_vat(invoice, **update), "vat") == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], "right"),
        (["negative_payable"], "unusual"),
        (["BR-27", "PEPPOL-EN16931-R120"], "unusual"),
        (["BR-27", "BR-CO-10"], "wrong"),
        (["BR-CO-15"], "wrong"),
    ],
)
def test_only_sums_that_do_not_add_up_are_wrong(codes: list[str], expected: str) -> None:
    findings = [Finding(code=code, message="m") for code in codes]

    assert arithmetic_fact(findings) == expected


def test_identity_is_full_only_if_name_and_vat_id_agree(invoice: Invoice) -> None:
    seller = invoice.seller
    renamed = changed(invoice, seller=seller.model_copy(update={"name": "Totally Different Ltd"}))
    unnumbered = changed(invoice, seller=seller.model_copy(update={"vat_id": None}))

    assert identity_fact(invoice, BERGMANN) == "full"
    assert identity_fact(renamed, BERGMANN) == "partial"
    assert identity_fact(unnumbered, BERGMANN) == "partial"
    assert identity_fact(invoice, None) == "partial"


def test_every_account_on_the_document_must_be_the_suppliers(invoice: Invoice) -> None:
    ours = PaymentMeans(code="58", account="DE64-5001-0517-0000-1100-11")
    other = PaymentMeans(code="58", account="DE81100100100000666066")

    assert iban_fact(changed(invoice, payment_means=(ours,)), IBAN) == "same"
    assert iban_fact(changed(invoice, payment_means=(ours, other)), IBAN) == "changed"
    assert iban_fact(changed(invoice, payment_means=()), IBAN) == "absent"
    assert iban_fact(changed(invoice, payment_means=(ours,)), None) == "changed"


def test_an_ordinary_invoice_is_within_the_limits(invoice: Invoice) -> None:
    assert beyond_limits(invoice) == []


def line_with(invoice: Invoice, **update: Any) -> Invoice:
    return changed(invoice, lines=(invoice.lines[0].model_copy(update=update), *invoice.lines[1:]))


BEYOND = [
    ("BT-1", lambda invoice: changed(invoice, number="R" * 101)),
    ("BT-1", lambda invoice: changed(invoice, number="---")),
    ("BT-13", lambda invoice: changed(invoice, order_reference="P" * 101)),
    ("BT-27", lambda invoice: changed(invoice, seller=invoice.seller.model_copy(update={"name": "n" * 201}))),
    ("BT-31", lambda invoice: changed(invoice, seller=invoice.seller.model_copy(update={"vat_id": "-"}))),
    ("BT-25", lambda invoice: changed(invoice, preceding=(PrecedingInvoice(number="--"),))),
    ("BG-3", lambda invoice: changed(invoice, preceding=(PrecedingInvoice(number="1"),) * 51)),
    ("BT-112", lambda invoice: with_totals(invoice, tax_inclusive=Decimal("1000000000000.00"))),
    ("BT-115", lambda invoice: with_totals(invoice, payable=Decimal("1.005"))),
    ("BT-129", lambda invoice: line_with(invoice, quantity=Decimal("1.0000001"))),
    ("BT-131", lambda invoice: line_with(invoice, net_amount=Decimal("1e13"))),
    ("BT-2", lambda invoice: changed(invoice, issue_date=date(9999, 12, 31))),
    ("BT-9", lambda invoice: changed(invoice, due_date=date(9999, 12, 31))),
]


@pytest.mark.parametrize(("where", "change"), BEYOND)
def test_what_an_erp_cannot_hold_is_found(invoice: Invoice, where: str, change: Any) -> None:
    findings = beyond_limits(change(invoice))

    assert [finding.where for finding in findings] == [where]
    assert findings[0].code == "beyond_limits"


@pytest.mark.parametrize(
    ("booked", "facts"),
    [
        ([], ("none", None)),
        ([("number", "1868.30", "2026-09-14")], ("same", None)),
        ([("number", "1868.31", "2026-09-14")], ("number", None)),
        ([("number", "1868.30", "2026-09-15")], ("number", None)),
        ([("number", "5.00", "2025-09-14"), ("number", "1868.30", "2026-09-14")], ("same", None)),
        ([("amount", "1868.30", "2026-09-14")], ("none", 0)),
        ([("amount", "1868.30", "2026-09-30"), ("amount", "1868.30", "2026-09-11")], ("none", 3)),
        ([("number", "5.00", "2025-09-14"), ("amount", "1868.30", "2026-10-14")], ("number", 30)),
    ],
)
def test_a_twin_is_told_by_number_and_else_by_the_days_to_the_nearest_of_the_amount(
    invoice: Invoice, booked: list[tuple[str, str, str]], facts: tuple[str, int | None]
) -> None:
    found = [{"matched_by": by, "total": total, "date": day} for by, total, day in booked]

    assert twin_facts(invoice, found) == {"twin": facts[0], "days_apart": facts[1]}


def test_what_the_match_did_not_compare_is_missing() -> None:
    compared = Match(order="matched", price_variance_pct=Decimal("0E+1"), quantity_excess=Decimal(2))

    assert match_facts(Match(order="none"))["price_variance_pct"] is None
    assert match_facts(compared) == {"order": "matched", "price_variance_pct": "0", "quantity_excess": "2"}
