"""quotas.toml: what it may say, and what of a call it counts."""

from decimal import Decimal
from pathlib import Path

import pytest

from server.engine.quotas import Quota, Quotas
from server.errors import StartRefused
from tools.errors import NotAllowed
from tools.ports import Call

PER_SUPPLIER = {
    "tools": ["erp.schedule_payment"],
    "amount": "arguments.amount",
    "currency": "arguments.currency",
    "per": ["arguments.supplier"],
    "window": "day",
    "limit": {"EUR": "50000.00", "USD": "60000"},
}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "quotas.md"
AMOUNTS = "[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\namount = 'arguments.total'"
CALLS = {"tools": ["erp.book_invoice"], "window": "month", "limit": 3}


def payment(**arguments) -> Call:
    return Call(
        server="erp",
        tool="schedule_payment",
        arguments={"amount": "12.50", "currency": "EUR", "supplier": "S-1", **arguments},
        digest="d",
        contract="keyed",
        key="k",
        sandbox=True,
        case="c",
        step="s",
    )


def quota(**fields) -> Quota:
    return Quota(name="q", **{**PER_SUPPLIER, **fields})


def quotas(folder: Path, text: str) -> Quotas:
    (folder / "quotas.toml").write_text(text)
    return Quotas(folder)


def test_the_shipped_file_can_be_used(tmp_path):
    [share] = Quotas(tmp_path).shares(payment())

    assert share.quota == "payments_per_supplier_and_day"


def test_an_operators_file_takes_the_place_of_the_one_that_ships(tmp_path):
    text = "[payments]\ntools = ['erp.schedule_payment']\nwindow = 'day'\nlimit = 7"

    [share] = quotas(tmp_path, text).shares(payment())

    assert (share.quota, share.limit) == ("payments", 7)


def test_the_quota_that_the_documentation_shows_counts_a_payment(tmp_path):
    text = DOCS.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]

    [share] = quotas(tmp_path, text).shares(payment())

    assert (share.subject, share.limit) == ({"supplier": "S-1", "currency": "EUR"}, 50_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[q]\ntools = []\nwindow = 'day'\nlimit = 1", r"\[q\], field tools"),
        ("[q]\ntools = ['erp.pay']\nwindow = 'day'\nlimit = 1", r"\[q\], field tools: 'erp.pay'"),
        ("[q]\ntools = ['erp.get_order']\nwindow = 'day'\nlimit = 1", "no consequential tool"),
        ("[q]\ntools = ['crm.pay']\nwindow = 'day'\nlimit = 1", "no consequential tool"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'week'\nlimit = 1", r"\[q\], field window"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = 1.5", r"\[q\], field limit"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = -1", r"\[q\], field limit"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'", r"\[q\], field limit"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = '5.00'", "counts calls"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = 5\nzone = 'Mars'", "field zone"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = 5\nlimits = 5", "field limits"),
        ("[q]\ntools = ['erp.book_invoice']\nwindow = 'day'\nlimit = 5\nper = ['supplier']", "field per"),
        (f"{AMOUNTS}\ncurrency = 'arguments.currency'\nlimit = '5.00'", "table by currency"),
        (f"{AMOUNTS}\nlimit = {{EUR = '5.00'}}", "table by currency"),
        ("q = 5", "q is no table"),
        ("[q", "quotas.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_table_and_field(tmp_path, text, said):
    with pytest.raises(StartRefused, match=said):
        quotas(tmp_path, text)


def test_a_call_is_counted_by_subject_and_currency():
    share = quota().share(payment())

    assert share.subject == {"supplier": "S-1", "currency": "EUR"}
    assert (share.amount, share.limit) == (Decimal("12.50"), Decimal("50000.00"))


def test_a_quota_without_an_amount_counts_calls():
    share = Quota(name="q", **CALLS).share(payment())

    assert (share.subject, share.amount, share.limit) == ({}, 1, 3)


def test_a_stated_currency_is_that_of_every_amount():
    share = quota(currency="EUR", limit="70.00").share(payment(currency="USD"))

    assert (share.subject["currency"], share.limit) == ("EUR", 70)


@pytest.mark.parametrize("amount", [7, "7", "7.0", "007.00"])
def test_an_amount_may_be_written_in_several_ways(amount):
    assert quota().share(payment(amount=amount)).amount == 7


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "0",
        "0.00",
        "-5",
        "+5",
        "1e3",
        "NaN",
        "Infinity",
        "1,000.00",
        " 5",
        "٥",
        None,
        True,
        [5],
        {},
        -5,
        1e30,
    ],
)
def test_what_is_no_plain_amount_above_zero_does_not_leave(amount):
    with pytest.raises(NotAllowed, match=r"arguments\.amount is no amount above 0"):
        quota().share(payment(amount=amount))


@pytest.mark.parametrize("supplier", ["", None, True, 1.5, ["S-1"], "S-1\0", "\ud800", "S-1\n", "x" * 201])
def test_a_call_that_names_no_subject_does_not_leave(supplier):
    with pytest.raises(NotAllowed, match=r"arguments\.supplier is no text"):
        quota().share(payment(supplier=supplier))


def test_a_call_without_the_argument_does_not_leave():
    with pytest.raises(NotAllowed, match=r"it has no arguments\.iban"):
        quota(per=["arguments.iban"]).share(payment())


def test_a_currency_without_a_limit_does_not_leave():
    with pytest.raises(NotAllowed, match="no limit in CHF"):
        quota().share(payment(currency="CHF"))
