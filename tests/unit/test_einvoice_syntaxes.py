"""Terms that the shared invoices do not use, stated in both syntaxes."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from nodes.einvoice import Invoice, check_arithmetic, read_invoice

INVOICES = Path(__file__).parent / "invoices"
UBL = (INVOICES / "rare_terms_ubl.xml").read_text()
CII = (INVOICES / "rare_terms_cii.xml").read_text()


def read(document: str) -> Invoice:
    reading = read_invoice(document.encode())
    assert reading.invoice is not None, reading.findings
    return reading.invoice


def test_both_syntaxes_of_the_rarer_terms_give_the_same_model():
    ubl, cii = read(UBL), read(CII)

    assert ubl == cii
    assert ubl.model_dump_json() == cii.model_dump_json()
    assert check_arithmetic(ubl) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kind", "credit_note"),
        ("number", "C 7"),
        ("tax_point_date", date(2026, 9, 30)),
        ("due_date", date(2026, 10, 31)),
        ("tax_in_tax_currency", Decimal("1.84")),
        ("totals.tax", Decimal("20.25")),
        ("accounting_reference", "4711"),
        ("order_reference", None),
        ("sales_order_reference", "SO-1"),
        ("despatch_reference", "D-1"),
        ("receipt_reference", "W-1"),
        ("object_id.value", "METER-1"),
        ("notes.0.text", "Two lines,\none note"),
        ("notes.0.subject", "AAI"),
        ("preceding.0.issue_date", date(2026, 9, 1)),
        ("attachments.0.location", "https://example.org/a"),
        ("seller.ids.0.scheme", "0088"),
        ("seller.tax_id", "12/345"),
        ("seller.legal_id.scheme", "0007"),
        ("buyer.electronic_address", None),
        ("payment_means.0.account", "DE02120300000000202051"),
        ("payment_means.0.mandate", "M-1"),
        ("payment_means.0.card", "1234"),
        ("allowances.0.percent", Decimal("10")),
        ("lines.0.allowances.0.amount", Decimal("15")),
        ("lines.0.charges.0.amount", Decimal("5")),
        ("lines.0.base_quantity", Decimal("10")),
        ("lines.0.standard_item_id.value", "0401"),
        ("lines.0.origin", "SE"),
        ("lines.0.object_id.value", "METER-2"),
    ],
)
def test_a_rarer_term_is_read(path, value):
    found: object = read(UBL)
    for step in path.split("."):
        found = found[int(step)] if isinstance(found, tuple) else getattr(found, step)

    assert found == value


def test_an_order_number_is_a_stopgap_only_beside_a_sales_order():
    document = UBL.replace("<cbc:SalesOrderID>SO-1</cbc:SalesOrderID>", "")

    assert read(document).order_reference == "NA"


def test_the_order_of_elements_does_not_matter_to_a_reader():
    agreement = CII.index("<ram:ApplicableHeaderTradeAgreement>")
    delivery = CII.index("<ram:ApplicableHeaderTradeDelivery>")
    end = CII.index("</rsm:SupplyChainTradeTransaction>")

    moved = CII[:agreement] + CII[delivery:end] + CII[agreement:delivery] + CII[end:]

    assert read(moved) == read(CII)
