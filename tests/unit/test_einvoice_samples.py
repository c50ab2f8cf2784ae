"""The sample invoices: which can be read, which add up, and that their orders exist."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from nodes.einvoice import Invoice, check_arithmetic, read_invoice

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "graphs" / "samples" / "invoice_to_pay"
SEED = tomllib.loads((ROOT / "tools" / "erp" / "seed.toml").read_text())
ORDERS = {order["number"]: order for order in SEED["order"]}
SUPPLIERS = {supplier["vat_id"]: supplier for supplier in SEED["supplier"]}

UNREADABLE = {
    "14-incomplete.xml": {"missing_number", "missing_seller_name", "missing_seller_identifier"},
    "15-scan-only.pdf": {"no_invoice_in_pdf"},
}
NAMES = sorted(path.name for path in SAMPLES.iterdir())
READABLE = [name for name in NAMES if name not in UNREADABLE]


def read(name: str) -> Invoice:
    reading = read_invoice((SAMPLES / name).read_bytes())
    assert reading.invoice is not None, reading.findings
    return reading.invoice


def test_there_are_fifteen_samples():
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, 16)]


@pytest.mark.parametrize("name", READABLE)
def test_a_readable_sample_is_addressed_to_the_company(name):
    invoice = read(name)

    assert (invoice.buyer.name, invoice.buyer.vat_id) == (SEED["company"]["name"], SEED["company"]["vat_id"])
    assert invoice.issue_date.year == 2026


@pytest.mark.parametrize("name", [name for name in READABLE if name != "07-arithmetic-wrong.xml"])
def test_the_arithmetic_of_a_sample_is_right(name):
    assert check_arithmetic(read(name)) == []


def test_the_sample_that_does_not_add_up_is_found_out():
    findings = check_arithmetic(read("07-arithmetic-wrong.xml"))

    assert [finding.code for finding in findings] == ["PEPPOL-EN16931-R120", "BR-CO-10", "BR-S-08"]
    assert "1215.00" in findings[0].message
    assert "1125.00" in findings[0].message


@pytest.mark.parametrize(("name", "codes"), UNREADABLE.items())
def test_an_unreadable_sample_says_what_is_missing(name, codes):
    reading = read_invoice((SAMPLES / name).read_bytes())

    assert reading.invoice is None
    assert {finding.code for finding in reading.findings} == codes


def test_the_incomplete_sample_says_what_was_found():
    found = read_invoice((SAMPLES / "14-incomplete.xml").read_bytes()).found

    assert found["total"] == "280.84 EUR"
    assert found["issue_date"] == "2026-10-02"
    assert found["lines"] == "1"


@pytest.mark.parametrize("name", [name for name in READABLE if read(name).order_reference])
def test_the_order_of_a_sample_is_the_suppliers_and_has_the_items(name):
    invoice = read(name)
    order = ORDERS[invoice.order_reference]

    ordered = {(str(line["line"]), line["item"]) for line in order["lines"]}

    assert order["supplier"] == SUPPLIERS[invoice.seller.vat_id]["id"]
    assert order["currency"] == invoice.currency
    assert {(line.order_line, line.seller_item_id) for line in invoice.lines} <= ordered


@pytest.mark.parametrize("name", [name for name in READABLE if name != "05-unknown-supplier.xml"])
def test_only_the_sample_with_a_changed_account_differs_from_the_master_data(name):
    invoice = read(name)

    master = SUPPLIERS[invoice.seller.vat_id]["iban"]

    assert (invoice.payment_means[0].account != master) == (name == "08-changed-iban.xml")


def test_the_unknown_supplier_is_unknown():
    assert read("05-unknown-supplier.xml").seller.vat_id not in SUPPLIERS


def test_the_duplicate_states_the_same_invoice_in_the_other_syntax():
    first, second = read("01-clean-with-order.xml"), read("06-duplicate.xml")

    as_first = [means.model_copy(update={"remittance": first.number}) for means in second.payment_means]

    assert second.number == "RE 2026/0117"
    assert second.model_copy(update={"number": first.number, "payment_means": tuple(as_first)}) == first


def test_the_credit_note_is_positive_and_names_the_invoice_it_credits():
    credit = read("09-credit-note.xml")

    assert credit.kind == "credit_note"
    assert credit.totals.payable == Decimal("148.75")
    assert [preceding.number for preceding in credit.preceding] == ["RE-2026-0117"]


def test_the_hybrid_is_read_from_the_xml_inside_the_pdf():
    reading = read_invoice((SAMPLES / "11-hybrid.pdf").read_bytes())

    assert (reading.source, reading.syntax) == ("pdf", "cii")
    assert reading.invoice is not None
    assert reading.invoice.number == "FA-2026-0497"


def test_the_foreign_currency_sample_states_its_vat_in_two_currencies():
    invoice = read("10-foreign-currency.xml")

    assert (invoice.currency, invoice.tax_currency) == ("USD", "EUR")
    assert invoice.tax_in_tax_currency == 0
