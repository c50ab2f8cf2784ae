"""The house whose books these are: currencies, company, chart of accounts, fiscal years, ways to pay."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tools.tryton.settings import TAX
from tools.tryton.setup.rpc import Admin

NAMES = {"EUR": "Euro", "USD": "US dollar", "SEK": "Swedish krona"}
RATE_PLACES = Decimal("0.000001")
CHART = "account.account_template_root_en"
# Accounts of that chart, by code.
BESIDE_INPUT_TAX = "1.4.2"
INPUT_TAX = "1.4.9"
GOODS = "5.1.1"
EXPENSES = "5.1.3"
EXCHANGE = "6.2.1"


def make_house(admin: Admin, seed: dict[str, Any], *, years: Iterable[int]) -> None:
    """Make the company of the seed, ready to book in these years."""
    currencies = _make_currencies(admin, seed)
    company = _make_company(admin, seed["company"], currency=currencies[seed["base_currency"]])
    admin.context = {"company": company}
    _make_chart(admin, company)
    for year in years:
        _make_year(admin, company, year)
    _make_tax(admin, company)
    for code, currency in currencies.items():
        admin.create(
            "account.payment.journal",
            name=f"Transfers in {code}",
            currency=currency,
            company=company,
            process_method="manual",
        )


def _make_currencies(admin: Admin, seed: dict[str, Any]) -> dict[str, int]:
    base = seed["base_currency"]
    rates: dict[str, list[dict[str, Any]]] = {base: [{"date": date(1999, 1, 1), "rate": Decimal(1)}]}
    for rate in seed["rate"]:
        # Tryton counts the other way: how much of the currency one unit of the base buys.
        bought = (1 / Decimal(rate["rate"])).quantize(RATE_PLACES)
        rates.setdefault(rate["currency"], []).append({"date": rate["valid_from"], "rate": bought})
    return {
        code: admin.create(
            "currency.currency", name=NAMES[code], code=code, symbol=code, rates=[["create", dated]]
        )
        for code, dated in rates.items()
    }


def _make_company(admin: Admin, company: dict[str, Any], *, currency: int) -> int:
    party = admin.create(
        "party.party",
        name=company["name"],
        code=company["entity"],
        addresses=[["create", [{"city": company["city"]}]]],
        identifiers=[["create", [{"type": "eu_vat", "code": company["vat_id"]}]]],
    )
    made = admin.create("company.company", party=party, currency=currency)
    admin.write("res.user", [admin.user], companies=[["add", [made]]], company=made)
    return made


def _make_chart(admin: Admin, company: int) -> None:
    wizard = "wizard.account.create_chart"
    session, start, _ = admin.call(f"{wizard}.create")
    template = admin.get_named(CHART)
    data: dict[str, Any] = {start: {}, "account": {"account_template": template, "company": company}}
    admin.call(f"{wizard}.execute", session, data, "create_account")
    data["properties"] = {
        "company": company,
        "account_receivable": _account(admin, "receivable"),
        "account_payable": _account(admin, "payable"),
        "category_account_expense": account(admin, EXPENSES),
        "category_account_revenue": _account(admin, "revenue"),
    }
    admin.call(f"{wizard}.execute", session, data, "create_properties")
    admin.call(f"{wizard}.delete", session)
    exchange = account(admin, EXCHANGE)
    configuration = admin.get_id("account.configuration", [])
    admin.write(
        "account.configuration",
        [configuration],
        currency_exchange_debit_account=exchange,
        currency_exchange_credit_account=exchange,
    )


def account(admin: Admin, code: str) -> int:
    """Return the account with this code in the chart."""
    return admin.get_id("account.account", [["code", "=", code]])


def _account(admin: Admin, kind: str) -> int:
    return admin.get_id("account.account", [[f"type.{kind}", "=", True], ["closed", "!=", True]])


def _make_year(admin: Admin, company: int, year: int) -> None:
    numbers = {"name": str(year), "company": company, "prefix": f"{year}/", "padding": 5}
    moves = admin.create("ir.sequence.strict", sequence_type=_type(admin, "Account Move"), **numbers)
    invoices = admin.create("ir.sequence.strict", sequence_type=_type(admin, "Invoice"), **numbers)
    of_invoices = dict.fromkeys(
        (f"{side}_{kind}_sequence" for side in ("in", "out") for kind in ("invoice", "credit_note")), invoices
    )
    made = admin.create(
        "account.fiscalyear",
        name=str(year),
        company=company,
        start_date=date(year, 1, 1),
        end_date=date(year, 12, 31),
        move_sequence=moves,
        invoice_sequences=[["create", [{"company": company, **of_invoices}]]],
    )
    admin.call("model.account.fiscalyear.create_period", [made])


def _type(admin: Admin, name: str) -> int:
    return admin.get_id("ir.sequence.type", [["name", "=", name]])


def _make_tax(admin: Admin, company: int) -> None:
    """Make the tax under which input tax is booked as the document states it, and its account."""
    beside = admin.find("account.account", [["code", "=", BESIDE_INPUT_TAX]], "type", "parent")[0]
    tax_account = admin.create(
        "account.account",
        name="Input Tax",
        code=INPUT_TAX,
        type=beside["type"],
        parent=beside["parent"],
        company=company,
    )
    admin.create(
        "account.tax",
        name=TAX,
        description=TAX,
        company=company,
        type="none",
        group=None,
        invoice_account=tax_account,
        credit_note_account=tax_account,
    )
