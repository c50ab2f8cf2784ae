"""The calculation rules of EN 16931: whether the amounts of an invoice follow from each other.

Totals must agree to the cent, because each is the sum of amounts that are already rounded. Two things are
products, and there rounding is the seller's choice:

- A line's net amount may be two of the currency's smallest units off quantity times price. Peppol's
  validators (PEPPOL-EN16931-R120) allow the same; the net price is often a rounded quotient itself.
- A VAT amount may be rounded once or line by line, so half a unit is allowed for each amount it is
  calculated from, and never more than the whole unit of currency that CEN's validators (BR-CO-17) allow.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext

from nodes.einvoice.codes import RULES_OF_CATEGORY, smallest_unit
from nodes.einvoice.findings import Finding
from nodes.einvoice.model import Invoice, Line, LineAdjustment, VatGroup

_DIGITS = 60
"""Enough for the product of any two numbers that are read to be exact."""

_WHOLE_UNIT = Decimal("1")
_CENT = Decimal("0.01")

VatKey = tuple[str, Decimal]
"""A VAT category and its rate; the categories without VAT have rate zero."""


def check_arithmetic(invoice: Invoice) -> list[Finding]:
    """What does not add up, each with its rule, the stated amount and the expected one."""
    with localcontext() as context:
        context.prec = _DIGITS
        context.rounding = ROUND_HALF_UP
        return [
            *_check_lines(invoice),
            *_check_sums(invoice),
            *_check_vat(invoice),
            *_check_signs(invoice),
            *_check_decimals(invoice),
        ]


def _mismatch(code: str, what: str, *, stated: Decimal, expected: Decimal, unit: str, where: str) -> Finding:
    message = f"{what} is stated as {stated:f} {unit}, but {expected:f} {unit} is expected ({code})"
    return Finding(code=code, message=message, where=where)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step)


def _check_lines(invoice: Invoice) -> Iterator[Finding]:
    for line in invoice.lines:
        yield from _check_line(line, invoice.currency)


def _check_line(line: Line, currency: str) -> Iterator[Finding]:
    step = smallest_unit(currency)
    adjustments = _total(line.charges) - _total(line.allowances)
    expected = line.quantity * line.net_price / line.base_quantity + adjustments
    if abs(line.net_amount - expected) > 2 * step:
        yield _mismatch(
            "PEPPOL-EN16931-R120",
            f"line {line.id}: the net amount of {line.quantity:f} at {line.net_price:f}",
            stated=line.net_amount,
            expected=_rounded(expected, step),
            unit=currency,
            where="BT-131",
        )
    if line.gross_price is not None:
        net_price = line.gross_price - (line.price_discount or 0)
        if net_price != line.net_price:
            yield _mismatch(
                "PEPPOL-EN16931-R046",
                f"line {line.id}: the net price",
                stated=line.net_price,
                expected=net_price,
                unit=currency,
                where="BT-146",
            )


def _check_sums(invoice: Invoice) -> Iterator[Finding]:
    """BR-CO-10 to BR-CO-16: each total follows from the amounts above it."""
    totals = invoice.totals
    line_sum = sum((line.net_amount for line in invoice.lines), Decimal())
    tax = sum((group.tax for group in invoice.vat), Decimal())
    without_vat = totals.line_sum - totals.allowances + totals.charges
    due = totals.tax_inclusive - totals.prepaid + totals.rounding
    for code, where, what, stated, expected in (
        ("BR-CO-10", "BT-106", "the sum of the lines", totals.line_sum, line_sum),
        ("BR-CO-11", "BT-107", "the sum of the allowances", totals.allowances, _total(invoice.allowances)),
        ("BR-CO-12", "BT-108", "the sum of the charges", totals.charges, _total(invoice.charges)),
        ("BR-CO-13", "BT-109", "the total without VAT", totals.tax_exclusive, without_vat),
        ("BR-CO-14", "BT-110", "the total VAT", totals.tax, tax),
        ("BR-CO-15", "BT-112", "the total with VAT", totals.tax_inclusive, totals.tax_exclusive + totals.tax),
        ("BR-CO-16", "BT-115", "the amount due", totals.payable, due),
    ):
        if stated != expected:
            yield _mismatch(code, what, stated=stated, expected=expected, unit=invoice.currency, where=where)


def _total(adjustments: Iterable[LineAdjustment]) -> Decimal:
    return sum((each.amount for each in adjustments), Decimal())


def _check_vat(invoice: Invoice) -> Iterator[Finding]:
    """BR-CO-17 and each category's own rules: the breakdown follows from the lines, and the VAT from it."""
    amounts = _amounts_by_vat(invoice)
    groups: defaultdict[VatKey, list[VatGroup]] = defaultdict(list)
    for group in invoice.vat:
        groups[group.category, group.rate or Decimal()].append(group)
    for key in sorted(amounts.keys() | groups.keys()):
        yield from _check_taxable(key, amounts[key], groups=groups[key], currency=invoice.currency)
        for group in groups[key]:
            yield from _check_tax(group, len(amounts[key]), currency=invoice.currency)


def _amounts_by_vat(invoice: Invoice) -> defaultdict[VatKey, list[Decimal]]:
    amounts: defaultdict[VatKey, list[Decimal]] = defaultdict(list)
    for line in invoice.lines:
        amounts[line.vat_category, line.vat_rate or Decimal()].append(line.net_amount)
    for charge in invoice.charges:
        amounts[charge.vat_category, charge.vat_rate or Decimal()].append(charge.amount)
    for allowance in invoice.allowances:
        amounts[allowance.vat_category, allowance.vat_rate or Decimal()].append(-allowance.amount)
    return amounts


def _check_taxable(
    key: VatKey, amounts: list[Decimal], *, groups: list[VatGroup], currency: str
) -> Iterator[Finding]:
    """One key may have several groups, for instance exempt for different reasons: together they count."""
    category, rate = key
    rules, expected = RULES_OF_CATEGORY[category], sum(amounts, Decimal())
    if not groups:
        message = (
            f"lines, allowances and charges of VAT category {category} at {rate:f} % come to "
            f"{expected:f} {currency}, but the VAT breakdown does not list them ({rules}-01)"
        )
        yield Finding(code=f"{rules}-01", message=message, where="BG-23")
        return
    stated = sum((group.taxable for group in groups), Decimal())
    if stated != expected:
        what = f"the taxable amount of VAT category {category} at {rate:f} %"
        yield _mismatch(f"{rules}-08", what, stated=stated, expected=expected, unit=currency, where="BT-116")


def _check_tax(group: VatGroup, roundings: int, *, currency: str) -> Iterator[Finding]:
    step = smallest_unit(currency)
    rate = group.rate or Decimal()
    expected = group.taxable * rate / 100
    if abs(group.tax - expected) > min(_WHOLE_UNIT, max(roundings, 1) * step / 2):
        yield _mismatch(
            "BR-CO-17",
            f"the VAT of category {group.category}, {rate:f} % of {group.taxable:f},",
            stated=group.tax,
            expected=_rounded(expected, step),
            unit=currency,
            where="BT-117",
        )


def _check_signs(invoice: Invoice) -> Iterator[Finding]:
    """Money that would flow the other way. The standard allows it; nobody should book it unasked."""
    payable = invoice.totals.payable
    if payable < 0:
        words = {"invoice": "an invoice", "credit_note": "a credit note"}[invoice.kind]
        message = f"{words} with a negative amount due, {payable:f} {invoice.currency}: it reverses who pays"
        yield Finding(code="negative_payable", message=message, where="BT-115")
    for line in invoice.lines:
        for code, where, price in (
            ("BR-27", "BT-146", line.net_price),
            ("BR-28", "BT-148", line.gross_price),
        ):
            if price is not None and price < 0:
                message = f"line {line.id}: the price {price:f} {invoice.currency} is negative ({code})"
                yield Finding(code=code, message=message, where=where)


def _check_decimals(invoice: Invoice) -> Iterator[Finding]:
    for code, where, amount in _stated_amounts(invoice):
        if amount != _rounded(amount, _CENT):
            message = f"{amount:f} {invoice.currency} has more than two decimals ({code})"
            yield Finding(code=code, message=message, where=where)


def _stated_amounts(invoice: Invoice) -> Iterator[tuple[str, str, Decimal]]:
    totals = invoice.totals
    yield "BR-DEC-09", "BT-106", totals.line_sum
    yield "BR-DEC-10", "BT-107", totals.allowances
    yield "BR-DEC-11", "BT-108", totals.charges
    yield "BR-DEC-12", "BT-109", totals.tax_exclusive
    yield "BR-DEC-13", "BT-110", totals.tax
    yield "BR-DEC-14", "BT-112", totals.tax_inclusive
    yield "BR-DEC-16", "BT-113", totals.prepaid
    yield "BR-DEC-17", "BT-114", totals.rounding
    yield "BR-DEC-18", "BT-115", totals.payable
    yield from (("BR-DEC-01", "BT-92", each.amount) for each in invoice.allowances)
    yield from (("BR-DEC-05", "BT-99", each.amount) for each in invoice.charges)
    for group in invoice.vat:
        yield "BR-DEC-19", "BT-116", group.taxable
        yield "BR-DEC-20", "BT-117", group.tax
    for line in invoice.lines:
        yield "BR-DEC-23", "BT-131", line.net_amount
        yield from (("BR-DEC-24", "BT-136", each.amount) for each in line.allowances)
        yield from (("BR-DEC-27", "BT-141", each.amount) for each in line.charges)
