"""The three-way match."""

from decimal import Decimal
from pathlib import Path

import pytest

from nodes.einvoice import Invoice, read_invoice
from nodes.einvoice.model import Adjustment
from nodes.matching import Match, Order, OrderLine, match_order

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
SUPPLIER = "S-1001"


@pytest.fixture
def invoice() -> Invoice:
    """Two lines on order PO-2026-0001: 100 sheets at 12.50, 40 profiles at 8.00."""
    reading = read_invoice((SAMPLES / "01-clean-with-order.xml").read_bytes())
    assert reading.invoice is not None
    return reading.invoice


def order(*, received: int = 100, invoiced: int = 0, price: str = "12.50", currency: str = "EUR") -> Order:
    sheet = OrderLine(
        line="1",
        item="ST-2000",
        description="Steel sheet 2 mm, 1000 x 2000",
        quantity=Decimal(100),
        unit_price=Decimal(price),
        received=Decimal(received),
        invoiced=Decimal(invoiced),
    )
    profile = sheet.model_copy(
        update={
            "line": "2",
            "item": "AP-0040",
            "description": "Angle profile 40 x 40, 6 m",
            "quantity": Decimal(40),
            "unit_price": Decimal("8.00"),
            "received": Decimal(40),
            "invoiced": Decimal(0),
        }
    )
    return Order(number="PO-2026-0001", supplier=SUPPLIER, currency=currency, lines=[sheet, profile])


def test_as_ordered_and_received_is_matched_without_difference(invoice: Invoice) -> None:
    match = match_order(invoice, order(), supplier=SUPPLIER)

    assert (match.order, match.price_variance_pct, match.quantity_excess) == ("matched", 0, 0)
    assert [(line.line, line.order_line) for line in match.lines] == [("1", "1"), ("2", "2")]


def test_more_than_received_is_an_excess(invoice: Invoice) -> None:
    match = match_order(invoice, order(received=90), supplier=SUPPLIER)

    assert match.quantity_excess == 10


def test_what_was_billed_before_is_no_longer_due(invoice: Invoice) -> None:
    match = match_order(invoice, order(invoiced=30), supplier=SUPPLIER)

    assert match.quantity_excess == 30


def test_two_lines_on_one_order_line_count_together(invoice: Invoice) -> None:
    doubled = invoice.model_copy(update={"lines": (invoice.lines[0], invoice.lines[0], invoice.lines[1])})

    match = match_order(doubled, order(), supplier=SUPPLIER)

    assert match.quantity_excess == 100


def test_an_overcharge_is_a_percentage_rounded_up(invoice: Invoice) -> None:
    match = match_order(invoice, order(price="12.00"), supplier=SUPPLIER)

    assert match.price_variance_pct == Decimal("4.1667")


def test_a_lower_price_is_no_variance(invoice: Invoice) -> None:
    match = match_order(invoice, order(price="13.00"), supplier=SUPPLIER)

    assert match.price_variance_pct == 0


def test_an_order_of_another_supplier_is_unknown(invoice: Invoice) -> None:
    assert match_order(invoice, order(), supplier="S-1002") == Match(order="unknown_order")
    assert match_order(invoice, order(), supplier=None) == Match(order="unknown_order")
    assert match_order(invoice, None, supplier=SUPPLIER) == Match(order="unknown_order")


def test_another_currency_is_partial_and_quantities_count_all_the_same(invoice: Invoice) -> None:
    match = match_order(invoice, order(currency="USD"), supplier=SUPPLIER)

    assert match.order == "partial"
    assert match.billed == {"1": 100, "2": 40}


def with_line(invoice: Invoice, **update: object) -> Invoice:
    """Add a third line on the first order line."""
    extra = invoice.lines[0].model_copy(update={"id": "3", **update})
    return invoice.model_copy(update={"lines": (*invoice.lines, extra)})


def test_a_line_that_takes_back_makes_it_partial_and_its_charge_is_a_price(invoice: Invoice) -> None:
    """A line of -1 that carries a large charge must not hide the charge behind a negative price."""
    document = with_line(invoice, quantity=Decimal(-1), net_amount=Decimal("40000.00"))

    match = match_order(document, order(), supplier=SUPPLIER)

    assert match.order == "partial"
    assert match.price_variance_pct is not None
    assert match.price_variance_pct > 1000


def test_a_line_of_nothing_that_costs_something_makes_it_partial(invoice: Invoice) -> None:
    document = with_line(invoice, quantity=Decimal(0), net_amount=Decimal("40000.00"))

    match = match_order(document, order(), supplier=SUPPLIER)

    assert match.order == "partial"
    assert match.price_variance_pct is not None
    assert match.price_variance_pct > 1000


def test_a_negative_allowance_is_a_charge(invoice: Invoice) -> None:
    allowance = Adjustment(amount=Decimal("-40000.00"), vat_category="S", vat_rate=Decimal(19))
    document = invoice.model_copy(update={"allowances": (allowance,)})

    assert match_order(document, order(), supplier=SUPPLIER).order == "partial"


def test_a_line_that_was_not_ordered_makes_it_partial(invoice: Invoice) -> None:
    extra = invoice.lines[1].model_copy(
        update={
            "id": "3",
            "order_line": None,
            "seller_item_id": "X",
            "buyer_item_id": None,
            "item_name": "Freight",
        }
    )
    longer = invoice.model_copy(update={"lines": (*invoice.lines, extra)})

    match = match_order(longer, order(), supplier=SUPPLIER)

    assert match.order == "partial"
    assert match.lines[2].order_line is None


def test_no_order_reference_is_none(invoice: Invoice) -> None:
    unreferenced = invoice.model_copy(update={"order_reference": None})

    assert match_order(unreferenced, None, supplier=SUPPLIER) == Match(order="none")
