"""The calculation rules of EN 16931, each broken once."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.einvoice import Finding, Invoice, check_arithmetic, read_invoice

SAMPLES = Path(__file__).parents[2] / "graphs" / "samples" / "invoice_to_pay"


def sample(name: str) -> Invoice:
    invoice = read_invoice((SAMPLES / name).read_bytes()).invoice
    assert invoice is not None
    return invoice


RIGHT = sample("01-clean-with-order.xml")  # 1250.00 and 320.00, 19 % of 1570.00 is 298.30
ALLOWANCE = {"amount": "70.00", "vat_category": "S", "vat_rate": "19"}


def with_values(invoice: Invoice = RIGHT, **changes: object) -> Invoice:
    """The invoice with other values; `lines__0__net_amount` names the first line's net amount."""
    document = invoice.model_dump(mode="json")
    for name, value in changes.items():
        *path, last = [int(step) if step.isdigit() else step for step in name.split("__")]
        target = document
        for step in path:
            target = target[step]
        target[last] = value
    return Invoice.model_validate(document)


def codes(invoice: Invoice) -> set[str]:
    return {finding.code for finding in check_arithmetic(invoice)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lines__0__net_amount": "1250.03"}, {"PEPPOL-EN16931-R120", "BR-CO-10", "BR-S-08"}),
        ({"lines__0__gross_price": "13.00"}, {"PEPPOL-EN16931-R046"}),
        ({"totals__line_sum": "1570.01"}, {"BR-CO-10", "BR-CO-13"}),
        ({"totals__allowances": "1.00"}, {"BR-CO-11", "BR-CO-13"}),
        ({"totals__charges": "1.00"}, {"BR-CO-12", "BR-CO-13"}),
        ({"totals__tax_exclusive": "1570.10"}, {"BR-CO-13", "BR-CO-15"}),
        ({"totals__tax": "298.31"}, {"BR-CO-14", "BR-CO-15"}),
        ({"totals__tax_inclusive": "1868.31"}, {"BR-CO-15", "BR-CO-16"}),
        ({"totals__payable": "1868.00"}, {"BR-CO-16"}),
        ({"totals__prepaid": "100.00"}, {"BR-CO-16"}),
        ({"vat__0__taxable": "1570.01"}, {"BR-S-08"}),
        ({"vat__0__tax": "298.32"}, {"BR-CO-14", "BR-CO-17"}),
        ({"vat__0__rate": "7"}, {"BR-CO-17", "BR-S-01", "BR-S-08"}),
        ({"vat__0__category": "K", "vat__0__rate": "0"}, {"BR-CO-17", "BR-IC-08", "BR-S-01"}),
        ({"allowances": [ALLOWANCE]}, {"BR-CO-11", "BR-S-08"}),
        ({"charges": [ALLOWANCE]}, {"BR-CO-12", "BR-S-08"}),
        ({"totals__rounding": "0.005", "totals__payable": "1868.305"}, {"BR-DEC-17", "BR-DEC-18"}),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named(changes, expected):
    assert codes(with_values(**changes)) == expected


def test_a_finding_states_both_amounts_and_where_they_stand():
    findings = check_arithmetic(with_values(totals__payable="1868.00"))

    assert findings == [
        Finding(
            code="BR-CO-16",
            message="the amount due is stated as 1868.00 EUR, but 1868.30 EUR is expected (BR-CO-16)",
            where="BT-115",
        )
    ]


def test_allowances_charges_prepayment_and_rounding_are_counted():
    invoice = with_values(
        allowances=[ALLOWANCE],
        charges=[{**ALLOWANCE, "amount": "20.00"}],
        vat=[{"category": "S", "rate": "19", "taxable": "1520.00", "tax": "288.80"}],
        totals={
            "line_sum": "1570.00",
            "allowances": "70.00",
            "charges": "20.00",
            "tax_exclusive": "1520.00",
            "tax": "288.80",
            "tax_inclusive": "1808.80",
            "prepaid": "800.00",
            "rounding": "0.20",
            "payable": "1009.00",
        },
    )

    assert check_arithmetic(invoice) == []


def test_a_price_for_a_hundred_is_divided_by_a_hundred():
    invoice = with_values(lines__0__net_price="1250.00", lines__0__base_quantity="100")

    assert check_arithmetic(invoice) == []


def test_a_lines_own_allowances_and_charges_count():
    invoice = with_values(
        lines__0__net_price="12.70",
        lines__0__allowances=[{"amount": "30.00"}],
        lines__0__charges=[{"amount": "10.00"}],
    )

    assert check_arithmetic(invoice) == []


@pytest.mark.parametrize(("net_price", "right"), [("12.5002", True), ("12.5003", False)])
def test_a_line_may_be_two_cents_off(net_price, right):
    assert (codes(with_values(lines__0__net_price=net_price)) == set()) == right


@pytest.mark.parametrize(("tax", "right"), [("298.29", True), ("298.31", True), ("298.28", False)])
def test_vat_of_two_lines_may_be_rounded_twice(tax, right):
    assert ("BR-CO-17" not in codes(with_values(vat__0__tax=tax))) == right


def test_exemptions_for_two_reasons_count_together():
    lumen = sample("02-over-order.xml")
    group = {"category": "K", "rate": "0", "tax": "0.00"}

    invoice = with_values(lumen, vat=[{**group, "taxable": "4000.00"}, {**group, "taxable": "190.40"}])

    assert check_arithmetic(invoice) == []


def test_a_missing_rate_is_no_vat():
    invoice = with_values(sample("04-no-order.xml"), lines__0__vat_rate=None, vat__0__rate=None)

    assert check_arithmetic(invoice) == []


def test_nothing_left_to_pay_is_right():
    invoice = with_values(totals__prepaid="1868.30", totals__payable="0.00")

    assert check_arithmetic(invoice) == []


@pytest.mark.parametrize("name", ["01-clean-with-order.xml", "09-credit-note.xml"])
def test_a_negative_amount_due_is_a_finding_of_its_own(name):
    invoice = sample(name)
    paid = invoice.totals.tax_inclusive + 1

    negative = with_values(invoice, totals__prepaid=str(paid), totals__payable="-1.00")

    assert codes(negative) == {"negative_payable"}


def test_a_negative_price_is_a_finding():
    invoice = with_values(lines__0__net_price="-12.50", lines__0__quantity="-100")

    assert codes(invoice) == {"BR-27"}


def test_yen_are_rounded_to_whole_ones():
    line = RIGHT.lines[0].model_dump(mode="json")
    invoice = with_values(
        currency="JPY",
        lines=[{**line, "quantity": "3", "net_price": "35", "net_amount": "105"}],
        vat=[{"category": "S", "rate": "19", "taxable": "105", "tax": "20"}],  # 19 % would be 19.95
        totals__line_sum="105",
        totals__tax_exclusive="105",
        totals__tax="20",
        totals__tax_inclusive="125",
        totals__payable="125",
    )

    assert check_arithmetic(invoice) == []


@settings(max_examples=100, deadline=None)
@given(cents=st.integers(-(10**17), 10**17), quantity=st.decimals(-(10**15), 10**15, places=10))
def test_any_numbers_that_can_be_read_can_be_checked(cents, quantity):
    amount = str(Decimal(cents) / 100)

    findings = check_arithmetic(
        with_values(lines__0__net_amount=amount, lines__0__quantity=str(quantity), totals__tax=amount)
    )

    assert all(isinstance(finding, Finding) for finding in findings)
