"""A supplier's document as a draft of Tryton: what is refused, and which lines, taxes and accounts it has."""

from datetime import date
from decimal import Decimal

from tools.erp.refusals import BookingRefused, check_content
from tools.erp.request import Request
from tools.erp.values import CENT, amount_text
from tools.tryton.checks import check_supplier, get_order, list_preceding
from tools.tryton.client import Client, Record
from tools.tryton.masterdata import convert_amount
from tools.tryton.orders import billable
from tools.tryton.settings import Settings


def draft(tryton: Client, request: Request, *, comment: str, settings: Settings) -> Record:
    """Return the values of the draft.

    Raises:
        BookingRefused: the business does not allow it.
    """
    check_content(request)
    party = check_supplier(tryton, request)
    _check_rate(tryton, request)
    order = get_order(tryton, request)
    preceding = list_preceding(tryton, request)
    house = tryton.search(
        "account.configuration", [], ["default_account_payable", "default_category_account_expense"]
    )[0]
    lines = _lines(
        request, order=order, preceding=preceding, expense=house["default_category_account_expense"]
    )
    currency = _get_one(tryton, "currency.currency", "code", request.currency)["id"]
    return {
        "type": "in",
        "company": tryton.company,
        "party": party["id"],
        "invoice_address": party["addresses."][0]["id"],
        "account": party["account_payable"] or house["default_account_payable"],
        "journal": _get_one(tryton, "account.journal", "type", "expense")["id"],
        "currency": currency,
        "reference": request.number,
        "invoice_date": date.fromisoformat(request.date),
        # Without terms of payment Tryton takes this very day for the due date.
        "payment_term_date": date.fromisoformat(request.due_date),
        "comment": comment,
        "lines": [["create", [{**line, "currency": currency} for line in lines]]],
        "taxes": [["create", _taxes(tryton, request, settings=settings)]],
    }


def _check_rate(tryton: Client, request: Request) -> None:
    amount = amount_text(request.total)
    converted = convert_amount(tryton, amount=amount, currency=request.currency, date=request.date)
    if not converted.found:
        message = f"there is no rate for {request.currency} on {request.date}"
        raise BookingRefused("unknown_currency", message)
    if converted.amount == "0.00":
        message = f"total: {amount} {request.currency} is less than a cent in the base currency"
        raise BookingRefused("unbookable", message)


def _get_one(tryton: Client, model: str, field: str, value: str) -> Record:
    """Get the first record with this value, and refuse to book without it."""
    found = tryton.search(model, [[field, "=", value]], [], limit=1)
    if not found:
        raise BookingRefused("unbookable", f"Tryton has no {model} whose {field} is {value!r}")
    return found[0]


def _lines(request: Request, *, order: Record | None, preceding: list[Record], expense: int) -> list[Record]:
    """Bill the lines of the order at its prices, and the rest of the net amount as one line.

    The lines of a credit note name the invoices that it credits, the first with the whole amount.
    """
    sign = 1 if request.kind == "invoice" else -1
    ordered = [_ordered_line(request, line, expense=expense, sign=sign) for line in _billed(request, order)]
    rest = Decimal(request.net).scaleb(-2) - sign * sum((_amount(line) for line in ordered), Decimal(0))
    lines = [*ordered]
    if rest or not ordered:
        lines.append(_line(request.number, rest, account=expense, sign=sign))
    for line, credited in zip(lines, preceding, strict=False):
        line["origin"] = line.get("origin") or f"account.invoice.line,{credited['lines'][0]}"
    lines += [
        {**_line(credited["reference"], Decimal(0), account=expense, sign=sign), "origin": origin}
        for credited in preceding[len(lines) :]
        for origin in [f"account.invoice.line,{credited['lines'][0]}"]
    ]
    return lines


def _billed(request: Request, order: Record | None) -> list[tuple[Record, Decimal]]:
    ordered = billable(order) if order else []
    return [(ordered[line.order_line - 1], Decimal(line.quantity)) for line in request.lines]


def _ordered_line(request: Request, billed: tuple[Record, Decimal], *, expense: int, sign: int) -> Record:
    line, quantity = billed
    product = line["product."] or {}
    category = product.get("account_category.") or {}
    return {
        **_line(
            line["description"] or request.number,
            line["unit_price"],
            account=category.get("account_expense") or expense,
            sign=sign,
        ),
        "quantity": float(sign * quantity),
        "product": product.get("id"),
        "unit": line["unit"],
        "origin": f"purchase.line,{line['id']}",
    }


def _line(description: str, unit_price: Decimal, *, account: int, sign: int) -> Record:
    return {
        "type": "line",
        "description": description,
        "quantity": float(sign),
        "unit_price": unit_price,
        "account": account,
    }


def _amount(line: Record) -> Decimal:
    """Return what Tryton makes of a line, in cents."""
    amount: Decimal = (Decimal(str(line["quantity"])) * line["unit_price"]).quantize(CENT)
    return amount


def _taxes(tryton: Client, request: Request, *, settings: Settings) -> list[Record]:
    """State the tax as the document does: it is not computed anew from rates."""
    if not request.tax:
        return []
    sign = 1 if request.kind == "invoice" else -1
    taxes = tryton.search("account.tax", [["name", "=", settings.tax]], ["invoice_account"], limit=1)
    if not taxes:
        raise BookingRefused("unbookable", f"Tryton has no tax {settings.tax!r} to book input tax under")
    return [
        {
            "manual": True,
            "tax": taxes[0]["id"],
            "description": settings.tax,
            "account": taxes[0]["invoice_account"],
            "base": sign * Decimal(request.net).scaleb(-2),
            "amount": sign * Decimal(request.tax).scaleb(-2),
        }
    ]
