"""The model itself: exact, in one spelling, the same after JSON."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from nodes.einvoice import Invoice, Reading, read_invoice
from nodes.einvoice.model import Line, Totals, with_cents

SAMPLES = Path(__file__).parents[2] / "graphs" / "samples" / "invoice_to_pay"
TOTALS = {"line_sum": "1", "tax_exclusive": "1", "tax_inclusive": "1", "payable": "1"}


def an_invoice() -> Invoice:
    invoice = read_invoice((SAMPLES / "01-clean-with-order.xml").read_bytes()).invoice
    assert invoice is not None
    return invoice


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("1", "1.00"),
        ("1.5", "1.50"),
        ("1.500", "1.50"),
        ("1E+3", "1000.00"),
        ("-0.00", "0.00"),
        ("1.005", "1.005"),
        ("100", "100.00"),
    ],
)
def test_an_amount_has_one_spelling(spelling, text):
    assert str(with_cents(Decimal(spelling))) == text


def test_an_amount_is_dumped_as_text():
    totals = Totals.model_validate({**TOTALS, "prepaid": Decimal("1e3")})

    assert totals.model_dump(mode="json")["prepaid"] == "1000.00"
    assert totals.model_dump(mode="json")["rounding"] == "0.00"


def test_equal_quantities_are_dumped_alike():
    line = an_invoice().lines[0].model_dump(mode="json")

    spellings = [
        Line.model_validate({**line, "quantity": quantity}) for quantity in ("100", "100.000", "1E+2")
    ]

    assert {each.model_dump_json() for each in spellings} == {spellings[0].model_dump_json()}
    assert spellings[0].model_dump(mode="json")["quantity"] == "100"


@pytest.mark.parametrize("value", [1.5, float("nan"), "NaN", "Infinity", "1" * 29])
def test_an_amount_that_is_not_exact_and_bounded_is_refused(value):
    with pytest.raises(ValidationError):
        Totals.model_validate({**TOTALS, "payable": value})


def test_an_unknown_currency_is_refused():
    document = an_invoice().model_dump(mode="json")

    with pytest.raises(ValidationError, match="unknown currency XYZ"):
        Invoice.model_validate({**document, "currency": "XYZ"})


def test_a_reading_survives_json():
    reading = read_invoice((SAMPLES / "12-above-limit.xml").read_bytes())

    assert Reading.model_validate_json(reading.model_dump_json()) == reading


def test_nothing_in_an_invoice_can_be_changed():
    with pytest.raises(ValidationError):
        an_invoice().number = "other"
