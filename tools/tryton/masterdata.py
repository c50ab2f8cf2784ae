"""The company, suppliers and exchange rates, as Tryton keeps them."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from tools.erp.answers import Company, Conversion, Supplier, SupplierAnswer
from tools.erp.values import CENT, letters_and_digits
from tools.tryton.client import Client, Record

RATE_PLACES = Decimal("0.000001")
_MONTH_DAYS, _WEEK_DAYS = 30, 7
_PARTY = [
    "code",
    "name",
    "identifiers.type",
    "identifiers.code",
    "addresses.city",
    "addresses.country.code",
    "supplier_currency.code",
    "supplier_payment_term.lines.relativedeltas.months",
    "supplier_payment_term.lines.relativedeltas.weeks",
    "supplier_payment_term.lines.relativedeltas.days",
]


def get_company(tryton: Client) -> Company:
    """Read whose books these are. Tryton knows no stop of cash."""
    party = tryton.search(
        "company.company",
        [["id", "=", tryton.company]],
        [
            "party.code",
            "party.name",
            "party.identifiers.type",
            "party.identifiers.code",
            "party.addresses.city",
        ],
    )[0]["party."]
    return Company(
        entity=party["code"],
        name=party["name"],
        vat_id=vat_id_of(party),
        city=next((one["city"] for one in party["addresses."] if one["city"]), ""),
        cash_stop_until=None,
    )


def find_supplier(tryton: Client, *, vat_id: str, name: str, iban: str) -> SupplierAnswer:
    """Recognise a supplier by the VAT id, else by the name; the account merely chooses among namesakes.

    Raises:
        ValueError: neither VAT id nor name is stated.
    """
    if wanted := letters_and_digits(vat_id):
        parties = tryton.search("party.party", [["identifiers.code", "ilike", pattern_of(wanted)]], _PARTY)
        return _answer(tryton, [one for one in parties if vat_id_of(one) == wanted], "vat_id")
    if wanted := letters_and_digits(name):
        parties = tryton.search("party.party", [["name", "ilike", pattern_of(wanted)]], _PARTY)
        named = [one for one in parties if letters_and_digits(one["name"]) == wanted]
        if len(named) <= 1:
            return _answer(tryton, named, "name")
        of_account = [one for one in named if iban_of(tryton, one["id"]) == letters_and_digits(iban)]
        return _answer(tryton, of_account, "name_and_iban")
    raise ValueError("vat_id: a VAT id or a name is needed")


def _answer(
    tryton: Client, parties: list[Record], matched_by: Literal["vat_id", "name", "name_and_iban"]
) -> SupplierAnswer:
    if len(parties) != 1:
        return SupplierAnswer(found=False)
    return SupplierAnswer(found=True, supplier=_supplier(tryton, parties[0]), matched_by=matched_by)


def _supplier(tryton: Client, party: Record) -> Supplier:
    """Tell what Tryton knows of a supplier; holds and discounts are nothing that it keeps."""
    currency = party["supplier_currency."]
    return Supplier(
        id=party["code"],
        name=party["name"],
        vat_id=vat_id_of(party),
        country=_country(party),
        currency=currency["code"] if currency else base_currency(tryton),
        iban=iban_of(tryton, party["id"]),
        terms_days=_terms_days(party),
        hold="none",
        discount_pct=None,
        discount_days=None,
    )


def vat_id_of(party: Record) -> str:
    """Return the VAT id of a party, else its first identifier, as letters and digits."""
    by_type = {one["type"]: one["code"] for one in reversed(party["identifiers."])}
    return letters_and_digits(by_type.get("eu_vat") or next(iter(reversed(by_type.values())), ""))


def _country(party: Record) -> str:
    countries = [one["country."]["code"] for one in party["addresses."] if one["country."]]
    return countries[0] if countries else vat_id_of(party)[:2]


def _terms_days(party: Record) -> int:
    """Count the days of the last part of the payment terms, a month as thirty; at once without terms."""
    terms: dict[str, Any] = party["supplier_payment_term."] or {"lines.": []}
    deltas = terms["lines."][-1]["relativedeltas."] if terms["lines."] else []
    return sum(
        (one["months"] or 0) * _MONTH_DAYS + (one["weeks"] or 0) * _WEEK_DAYS + (one["days"] or 0)
        for one in deltas
    )


def iban_of(tryton: Client, party: int) -> str:
    """Return the first account of a party, an IBAN before others, as letters and digits."""
    numbers = tryton.search("bank.account.number", [["account.owners", "=", party]], ["type", "number"])
    numbers.sort(key=lambda one: one["type"] != "iban")
    return letters_and_digits(numbers[0]["number"]) if numbers else ""


def find_party(tryton: Client, code: str) -> Record | None:
    """Find a supplier by its code, with what an invoice of it needs."""
    parties = tryton.search("party.party", [["code", "=", code]], ["code", "account_payable", "addresses.id"])
    return parties[0] if parties else None


def base_currency(tryton: Client) -> str:
    company = tryton.search("company.company", [["id", "=", tryton.company]], ["currency.code"])[0]
    return str(company["currency."]["code"])


def convert_amount(tryton: Client, *, amount: str, currency: str, date: str) -> Conversion:
    """Convert to the base currency by the rates in force on the day, rounded half up to cents."""
    base = base_currency(tryton)
    there, here = find_rate(tryton, currency, date=date), find_rate(tryton, base, date=date)
    if there is None or here is None:
        return Conversion(found=False)
    rate = here["rate"] / there["rate"]
    return Conversion(
        found=True,
        amount=str((Decimal(amount) * rate).quantize(CENT, rounding=ROUND_HALF_UP)),
        currency=base,
        rate=f"{rate.quantize(RATE_PLACES).normalize():f}",
        valid_from=max(there["date"], here["date"]).isoformat(),
    )


def find_rate(tryton: Client, currency: str, *, date: str) -> Record | None:
    """Find the rate of a currency on a day: how much of it one unit of the base buys."""
    rates = tryton.search(
        "currency.currency.rate",
        [["currency.code", "=", currency], ["date", "<=", _day(date)]],
        ["date", "rate"],
        order=[["date", "DESC"]],
        limit=1,
    )
    return rates[0] if rates else None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def pattern_of(characters: str) -> str:
    """Return what `ilike` must find where these letters and digits stand in this order.

    It finds too much, never too little: whoever asks compares what was found.
    """
    return "%".join(("", *characters, ""))
