"""When an invoice is paid, what paying early saves, and what the table of payments makes of it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nodes.einvoice import Invoice, read_invoice
from nodes.invoice_payment import Supplier, Treasury, costs_of_both, discount, due_date, payment_facts
from rules import decide, load_table

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
ISSUED, DUE = date(2026, 9, 14), date(2026, 10, 14)
TABLE = load_table("invoice_payment")


@pytest.fixture
def invoice() -> Invoice:
    """Bergmann's clean invoice of 1868.30 EUR."""
    reading = read_invoice((SAMPLES / "01-clean-with-order.xml").read_bytes())
    assert reading.invoice is not None
    return reading.invoice


def supplier(**terms: Any) -> Supplier:
    known = {
        "id": "S-1",
        "name": "Bergmann",
        "vat_id": "DE1",
        "iban": "DE2",
        "terms_days": 20,
        "hold": "none",
    }
    return Supplier.model_validate({**known, **terms})


WITH_DISCOUNT = supplier(discount_pct="2", discount_days=14)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [(DUE, DUE), (None, date(2026, 10, 4)), (date(2026, 9, 1), ISSUED)],
)
def test_due_is_what_the_document_says_else_the_terms_and_never_before_the_invoice(
    invoice: Invoice, stated: date | None, expected: date
) -> None:
    assert due_date(invoice.model_copy(update={"due_date": stated}), supplier()) == expected


@pytest.mark.parametrize(
    ("today", "pct", "saved"),
    [
        (ISSUED, "2", "37.36"),
        (date(2026, 9, 28), "2", "37.36"),
        (date(2026, 9, 28), "2.5", "46.70"),
        (date(2026, 9, 29), "2", None),
    ],
)
def test_a_discount_is_for_its_days_only_and_its_cents_are_rounded_down(
    invoice: Invoice, today: date, pct: str, saved: str | None
) -> None:
    terms = supplier(discount_pct=pct, discount_days=14)

    assert discount(invoice, terms, today=today) == (Decimal(saved) if saved else None)


def test_without_terms_there_is_no_discount(invoice: Invoice) -> None:
    assert discount(invoice, supplier(), today=ISSUED) is None


@pytest.mark.parametrize(
    ("terms", "stop", "today", "expected"),
    [
        (WITH_DISCOUNT, None, ISSUED, ("none", "37.36", "free")),
        (WITH_DISCOUNT, "2026-09-14", ISSUED, ("none", "37.36", "stopped")),
        (WITH_DISCOUNT, "2026-09-13", ISSUED, ("none", "37.36", "free")),
        (supplier(), "2026-12-31", ISSUED, ("none", None, "stopped")),
        (supplier(), "2026-12-31", DUE, ("none", None, "free")),
        (supplier(discount_pct="2", discount_days=60), None, DUE, ("none", None, "free")),
        (supplier(hold="payment"), None, ISSUED, ("payment", None, "free")),
        (None, None, ISSUED, (None, None, "free")),
    ],
)
def test_the_facts_of_a_payment(
    invoice: Invoice,
    terms: Supplier | None,
    stop: str | None,
    today: date,
    expected: tuple[str | None, str | None, str],
) -> None:
    treasury = Treasury.model_validate({"cash_stop_until": stop})

    facts = payment_facts(invoice, terms, treasury, today=today)

    hold, saved, cash = expected
    money = {"amount": saved, "currency": "EUR"} if saved else None
    assert facts == {"hold": hold, "discount": money, "cash": cash}
    assert decide(TABLE, facts, as_of=today).kind in ("decision", "conflict", "missing_input")


def test_a_discount_in_another_currency_is_offered_to_nobody(invoice: Invoice) -> None:
    in_dollars = invoice.model_copy(update={"currency": "USD"})

    assert payment_facts(in_dollars, WITH_DISCOUNT, Treasury(), today=ISSUED)["discount"] is None


def test_a_supplier_of_whom_no_hold_is_known_has_all_of_them() -> None:
    assert Supplier(id="S-1", name="B", vat_id="DE1", iban="DE2", terms_days=1).hold == "all"


def test_both_choices_are_shown_with_their_price(invoice: Invoice) -> None:
    treasury = Treasury(cash_stop_until=date(2026, 9, 30))

    assert costs_of_both(invoice, WITH_DISCOUNT, treasury, today=ISSUED) == {
        "to_wait": {"loses": "37.36 EUR", "pays": "1868.30 EUR", "on": "2026-10-14"},
        "to_pay_now": {
            "saves": "37.36 EUR",
            "pays": "1830.94 EUR",
            "on": "2026-09-14",
            "days_before_due": 30,
            "cash_stopped_until": "2026-09-30",
        },
    }


MONEY = {"amount": "24.50", "currency": "EUR"}
ODD_AMOUNTS = [None, "24.50", 24.5, "12,500.00", {"amount": 24.5, "currency": "EUR"}, {"amount": "NaN"}, -1]
ODD_AMOUNTS += [{"amount": "24.50", "currency": "USD"}, {"amount": "12,500.00", "currency": "EUR"}]
ODD_AMOUNTS += [{"amount": "NaN", "currency": "EUR"}, {"amount": "-24.50", "currency": "EUR"}]


@pytest.mark.parametrize("amount", ODD_AMOUNTS)
def test_an_amount_of_another_form_is_no_discount_to_take(amount: object) -> None:
    answer = decide(TABLE, {"hold": "none", "discount": amount, "cash": "free"}, as_of=ISSUED).as_json()

    assert answer.get("outcome") in (None, {"pay": "when_due"})


@pytest.mark.parametrize("hold", ["payment", "all"])
@pytest.mark.parametrize("cash", ["free", "stopped"])
@pytest.mark.parametrize("money", [None, MONEY])
def test_nothing_is_paid_under_a_hold(hold: str, cash: str, money: object) -> None:
    answer = decide(TABLE, {"hold": hold, "discount": money, "cash": cash}, as_of=ISSUED).as_json()

    assert answer["outcome"] == {"pay": "withheld"}
    assert answer["overridden"]


def test_a_discount_while_cash_is_stopped_is_for_a_person_to_weigh() -> None:
    answer = decide(TABLE, {"hold": "none", "discount": MONEY, "cash": "stopped"}, as_of=ISSUED).as_json()

    assert (answer["kind"], answer["rules"]) == ("conflict", ["PA-100", "PA-110"])
