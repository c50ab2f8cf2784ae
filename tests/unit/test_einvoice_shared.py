"""The public XRechnung test invoices: each case is there in both syntaxes."""

import os
from pathlib import Path

import pytest

from nodes.einvoice import Invoice, check_arithmetic, read_invoice

BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "data"
INVOICES = Path(os.environ.get("STEWARD_SHARED_DATA", BESIDE_THE_REPOSITORY)) / "invoices"
CASES = sorted(path.name.removesuffix("_ubl.xml") for path in INVOICES.glob("*_ubl.xml"))

# What the two files of a case state differently in so many words: the seller's address, and the seller's
# VAT identifier, the payment means' text and the exemption reason.
DIFFERENT_FACTS = {
    "01.20a-INVOICE": {"seller.address.city", "seller.address.lines"},
    "01.21a-INVOICE": {"payment_means.0.text", "seller.vat_id", "vat.0.exemption"},
}

pytestmark = pytest.mark.skipif(not CASES, reason="the shared invoices are not on this machine")


def read(case: str, syntax: str) -> Invoice:
    reading = read_invoice((INVOICES / f"{case}_{syntax}.xml").read_bytes())
    assert reading.invoice is not None, reading.findings
    return reading.invoice


def differences(one: object, other: object, path: str = "") -> set[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key), other.get(key)) for key in one.keys() | other.keys()]
    elif isinstance(one, list) and isinstance(other, list) and one and isinstance(one[0], dict):
        pairs = [(str(index), *pair) for index, pair in enumerate(zip(one, other, strict=True))]
    else:
        return set() if one == other else {path}
    return {each for key, a, b in pairs for each in differences(a, b, f"{path}.{key}" if path else key)}


@pytest.mark.parametrize("case", [case for case in CASES if case not in DIFFERENT_FACTS])
def test_both_syntaxes_of_a_case_give_the_same_model(case):
    ubl, cii = read(case, "ubl"), read(case, "uncefact")

    assert ubl == cii
    assert ubl.model_dump_json() == cii.model_dump_json()


@pytest.mark.parametrize("case", [case for case in CASES if case in DIFFERENT_FACTS])
def test_a_pair_that_states_different_facts_differs_in_those_alone(case):
    ubl, cii = read(case, "ubl"), read(case, "uncefact")

    different = differences(ubl.model_dump(mode="json"), cii.model_dump(mode="json"))

    assert different == DIFFERENT_FACTS[case]


@pytest.mark.parametrize("syntax", ["ubl", "uncefact"])
@pytest.mark.parametrize("case", CASES)
def test_the_arithmetic_of_a_shared_invoice_is_right(case, syntax):
    assert check_arithmetic(read(case, syntax)) == []


@pytest.mark.parametrize("case", CASES)
def test_an_invoice_survives_json(case):
    invoice = read(case, "ubl")

    assert Invoice.model_validate(invoice.model_dump(mode="json")) == invoice


def test_the_facts_of_a_rich_case_are_all_there():
    invoice = read("01.14a-INVOICE", "uncefact")

    assert invoice.payee is not None
    assert invoice.payee.name == "[Payee name]"
    assert invoice.tax_representative is not None
    assert invoice.tax_representative.vat_id == "DE124567"
    assert invoice.delivery is not None
    assert invoice.delivery.location is not None
    assert invoice.delivery.location.value == "68"
    assert (invoice.order_reference, invoice.sales_order_reference) == ("65002278", "ABC123456789")
    assert invoice.notes[0].subject == "AAC"
    assert invoice.period is not None
    assert invoice.period.start == invoice.period.end
