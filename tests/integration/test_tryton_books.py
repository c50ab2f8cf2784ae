"""Tryton behind the ERP's tools: what is booked there, once, and what is refused."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from trytons import INSTALLED, MISSING, Tryton, running_tryton

from tools.erp.booking import KeyConflict
from tools.erp.request import PaymentRequest, Request, Search
from tools.erp.values import BilledLine
from tools.tryton.client import TrytonRefused
from tools.tryton.documents import BOOKING
from tools.tryton.drafting import draft
from tools.tryton.settings import load_settings

pytestmark = pytest.mark.skipif(not INSTALLED, reason=MISSING)

ACCOUNT = "DE64500105170000110011"
BOOK_IN_A_PROCESS = """
import sys
from tools.erp.request import Request
from tools.tryton.books import TrytonBooks
from tools.tryton.settings import load_settings
request = Request(**eval(sys.argv[1]))
print(TrytonBooks(load_settings()).book_invoice(request, key=sys.argv[2]).entry)
"""


@pytest.fixture(scope="module")
def tryton(tmp_path_factory):
    with running_tryton(tmp_path_factory.mktemp("tryton") / "books") as tryton:
        yield tryton


@pytest.fixture
def books(tryton):
    return tryton.books


def request(number: str, **changes) -> Request:
    document = {
        "supplier": "S-1001",
        "number": number,
        "kind": "invoice",
        "date": "2026-09-14",
        "due_date": "2026-10-14",
        "currency": "EUR",
        "net": 100000,
        "tax": 19000,
        "total": 119000,
        "order": "",
        "lines": (),
    }
    return Request(**{**document, **changes})


def payment(entry: str, **changes) -> PaymentRequest:
    claims = {"supplier": "S-1001", "iban": ACCOUNT, "currency": "EUR", "date": "2026-10-14"}
    return PaymentRequest(entry=entry, **{**claims, **changes})


def documents(tryton: Tryton, number: str):
    return [one for one in tryton.told()["documents"] if one["reference"] == number]


def test_master_data_is_told_as_the_bundled_erp_tells_it(books):
    supplier = books.find_supplier(vat_id="de 129 273 398", name="", iban="").supplier
    by_name = books.find_supplier(vat_id="", name="cascade instruments, nv", iban="")
    order = books.get_order(number="po 2026/0003").order
    called_off = books.get_order(number="PO-2026-0007").order

    assert (supplier.id, supplier.iban, supplier.terms_days) == ("S-1001", ACCOUNT, 30)
    assert (by_name.supplier.id, by_name.matched_by, by_name.supplier.currency) == ("S-1004", "name", "USD")
    assert [(line.line, line.item, line.quantity, line.received) for line in order.lines] == [
        (1, "TR-EU", "6", "4")
    ]
    assert (order.status, called_off.contract) == ("open", "FC-2026-17")
    assert not books.find_supplier(vat_id="DE999999999", name="Bergmann Stahlhandel GmbH", iban="").found
    assert not books.get_order(number="PO-2026-9999").found
    assert books.convert_amount(amount="4470.00", currency="USD", date="2026-09-01").amount == "3844.20"


def test_an_invoice_with_an_order_is_posted_and_counts_against_it(tryton, books):
    lines = (BilledLine(order_line=1, quantity="10"), BilledLine(order_line=2, quantity="4"))

    booking = books.book_invoice(request("RE-1", order="PO-2026-0001", lines=lines), key="order/1")

    (document,) = documents(tryton, "RE-1")
    assert document == {
        "number": booking.entry,
        "reference": "RE-1",
        "supplier": "S-1001",
        "state": "posted",
        "total": "1190.00",
        "currency": "EUR",
        "key": "order/1",
        "due": ["2026-10-14"],
        "posted": True,
    }
    order = books.get_order(number="PO-2026-0001").order
    assert [line.invoiced for line in order.lines] == ["10", "4"]
    assert books.trial_balance().balanced
    assert books.list_entries(limit=1).entries[0].number == "RE-1"


def test_a_repeat_returns_the_first_entry_and_other_arguments_are_a_conflict(tryton, books):
    first = books.book_invoice(request("RE-2"), key="repeat/1")

    second = books.book_invoice(request("RE-2"), key="repeat/1")

    assert second.model_dump() == {**first.model_dump(), "repeated": True}
    with pytest.raises(KeyConflict):
        books.book_invoice(request("RE-2", net=1, tax=0, total=1), key="repeat/1")
    assert len(documents(tryton, "RE-2")) == 1


def test_calls_with_one_key_from_several_processes_at_once_book_one_invoice(tryton):
    asked = repr(vars(request("RE-3")))
    command = [sys.executable, "-c", BOOK_IN_A_PROCESS, asked, "together/1"]

    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(
                subprocess.run,
                command,
                env=tryton.environment | {"PYTHONPATH": "."},
                capture_output=True,
                text=True,
                check=True,
            )
            for _ in range(4)
        ]
    entries = {run.result().stdout.strip() for run in runs}

    assert len(entries) == 1
    assert [one["number"] for one in documents(tryton, "RE-3")] == [*entries]


@pytest.mark.parametrize("drafts", [1, 2])
def test_a_try_that_died_behind_its_draft_is_taken_up_and_posts_one(tryton, books, drafts):
    number = f"RE-4{drafts}"
    for _ in range(drafts):
        values = draft(
            tryton.client,
            request(number),
            comment=f"{BOOKING}dead/{drafts}",
            settings=load_settings(tryton.environment),
        )
        tryton.client.create("account.invoice", values)

    booking = books.book_invoice(request(number), key=f"dead/{drafts}")

    assert [(one["number"], one["state"]) for one in documents(tryton, number)] == [(booking.entry, "posted")]


def test_a_claim_that_was_lost_with_our_file_is_found_in_tryton(tryton, books):
    first = books.book_invoice(request("RE-5"), key="lost/1")
    paid = books.schedule_payment(payment(first.entry), key="lost/pay")
    for file in tryton.installation.folder.glob("claims.sqlite3*"):
        file.unlink()

    again = tryton.books
    assert again.book_invoice(request("RE-5"), key="lost/1").entry == first.entry
    assert again.schedule_payment(payment(first.entry), key="lost/pay").payment == paid.payment
    assert len(documents(tryton, "RE-5")) == 1


def test_a_payment_waits_in_tryton_for_approval_and_there_is_one(tryton, books):
    entry = books.book_invoice(request("RE-6"), key="paid/1").entry

    first = books.schedule_payment(payment(entry, amount="1000.00"), key="paid/pay")
    second = books.schedule_payment(payment(entry), key="paid/other")

    assert (first.status, first.iban, first.amount) == ("scheduled", ACCOUNT, "1000.00")
    assert (second.status, second.code) == ("refused", "already_scheduled")
    made = [one for one in tryton.told()["payments"] if one["invoice"] == "RE-6"]
    assert [(one["state"], one["amount"], one["date"]) for one in made] == [
        ("submitted", "1000.00", "2026-10-14")
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplier": "S-1002"}, "other_supplier"),
        ({"iban": "AT611904300234573201"}, "other_account"),
        ({"currency": "USD"}, "other_currency"),
        ({"amount": "9999.00"}, "amount_exceeds"),
        ({"entry": "2026/99999"}, "unknown_entry"),
    ],
)
def test_a_payment_that_is_not_the_entrys_is_refused(books, changes, code):
    entry = books.book_invoice(request("RE-7"), key="unpaid/1").entry

    refused = books.schedule_payment(payment(**{"entry": entry, **changes}), key=f"unpaid/{code}")

    assert (refused.status, refused.code, refused.payment) == ("refused", code, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total": 5}, "unbookable"),
        ({"supplier": "S-9999"}, "unknown_supplier"),
        ({"number": "re 8"}, "duplicate_invoice"),
        ({"currency": "CHF"}, "unknown_currency"),
        ({"order": "PO-2026-9999"}, "unknown_order"),
        ({"order": "PO-2026-0002"}, "other_suppliers_order"),
        (
            {"order": "PO-2026-0007", "lines": (BilledLine(order_line=9, quantity="1"),)},
            "unknown_order_line",
        ),
        ({"order": "PO-2026-0007", "lines": (BilledLine(order_line=1, quantity="61"),)}, "over_received"),
        ({"kind": "credit_note", "preceding": ("RE-0",)}, "unknown_preceding"),
        ({"kind": "credit_note", "preceding": ("RE-8",), "net": 100001, "total": 119001}, "credit_exceeds"),
        ({"date": "2019-09-14", "due_date": "2019-09-14"}, "unbookable"),
    ],
)
def test_what_the_business_does_not_allow_is_refused_and_leaves_nothing(tryton, books, changes, code):
    books.book_invoice(request("RE-8"), key="refused/0")

    refused = books.book_invoice(request(**{"number": "RE-9", **changes}), key=f"refused/{code}")

    assert (refused.status, refused.code, refused.entry) == ("refused", code, None)
    assert tryton.client.search("account.invoice", [["reference", "in", ["RE-9", "re 8"]]], []) == []


def test_a_credit_note_is_found_as_one_and_counts_against_its_invoice(tryton, books):
    books.book_invoice(request("RE-10"), key="credited/1")
    note = {"kind": "credit_note", "preceding": ("RE-10",), "net": 60000, "tax": 0, "total": 60000}

    first = books.book_invoice(request("GS-1", **note), key="credited/2")
    second = books.book_invoice(request("GS-2", **note), key="credited/3")

    assert (first.status, first.total) == ("booked", "600.00")
    assert (second.status, second.code) == ("refused", "credit_exceeds")
    (found,) = books.find_invoices(Search(supplier="S-1001", number="gs 1")).invoices
    assert (found.kind, found.total, found.key) == ("credit_note", "600.00", "credited/2")
    assert documents(tryton, "GS-1")[0]["total"] == "-600.00"


def test_an_invoice_is_found_by_its_amount_days_away(books):
    books.book_invoice(request("RE-11", net=123456, tax=0, total=123456), key="alike/1")
    search = {"supplier": "S-1001", "total": "1234.56", "currency": "EUR"}

    near = books.find_invoices(Search(**search, date="2026-09-20", days=7)).invoices
    far = books.find_invoices(Search(**search, date="2026-09-30", days=7)).invoices

    assert [(one.number, one.matched_by) for one in near] == [("RE-11", "amount")]
    assert far == []


def test_keys_are_listed_page_by_page_and_each_once(tryton, books):
    entry = books.book_invoice(request("RE-12"), key="listed/1").entry
    books.schedule_payment(payment(entry), key="listed/pay")
    listed, after = [], ""

    while after is not None:
        page = books.list_keys(after=after, limit=2)
        listed += [(one.key, one.tool) for one in page.keys]
        after = page.next

    assert len(listed) == len(set(listed))
    booked = {(one["key"], "book_invoice") for one in tryton.told()["documents"] if one["posted"]}
    assert booked < set(listed)
    assert ("listed/pay", "schedule_payment") in listed


def test_our_user_may_not_touch_suppliers_orders_postings_and_approvals(tryton, books):
    entry = books.book_invoice(request("RE-13"), key="rights/1").entry
    books.schedule_payment(payment(entry), key="rights/pay")
    client = tryton.client
    (document,) = client.search("account.invoice", [["number", "=", entry]], ["move.lines.payments.id"])
    (paid,) = [one["id"] for line in document["move."]["lines."] for one in line["payments."]]
    (supplier,) = client.search("party.party", [["code", "=", "S-1001"]], [])

    acts = {
        "make a supplier": lambda: client.create("party.party", {"name": "Mallory"}),
        "rename a supplier": lambda: client.write("party.party", supplier["id"], {"name": "Mallory"}),
        "set an account": lambda: client.write("bank.account.number", 1, {"number": "1"}),
        "cancel an order": lambda: client.press("purchase.purchase", 1, "cancel"),
        "approve a payment": lambda: client.press("account.payment", paid, "approve"),
        "delete a posted invoice": lambda: client.delete("account.invoice", document["id"]),
        "take the key from an invoice": lambda: client.write(
            "account.invoice", document["id"], {"comment": ""}
        ),
        "post a move": lambda: client.create("account.move", {"company": client.company}),
        "set a rate": lambda: client.create("currency.currency.rate", {"currency": 1, "rate": Decimal(2)}),
        "read a key": lambda: client.search("res.user.application", [], ["key"]),
        "make a key": lambda: client.create("res.user.application", {"user": 1, "application": "rest"}),
    }

    assert [name for name, act in acts.items() if not _is_refused(act)] == []


def _is_refused(act) -> bool:
    try:
        act()
    except TrytonRefused:
        return True
    return False
