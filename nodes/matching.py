"""The three-way match: what is billed, against what was ordered and what has arrived."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from nodes.einvoice import Invoice
from nodes.einvoice.model import Line

_PERCENT = Decimal("0.0001")
Whole = Annotated[str, BeforeValidator(str)]


class OrderLine(BaseModel):
    """A line of a purchase order; quantities and the price are exact decimals."""

    model_config = ConfigDict(extra="ignore")

    line: Whole
    item: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    received: Decimal
    invoiced: Decimal

    @property
    def due(self) -> Decimal:
        """How much has arrived and has not been billed."""
        return self.received - self.invoiced


class Order(BaseModel):
    """A purchase order as the ERP knows it."""

    model_config = ConfigDict(extra="ignore")

    number: str
    supplier: str
    currency: str
    contract: str | None = None
    lines: list[OrderLine]


class LineMatch(BaseModel):
    """One billed line beside its order line.

    `excess`, `price` and `variance_pct` are of all lines on that order line together.
    """

    line: str
    order_line: str | None
    item: str
    billed: Decimal
    due: Decimal | None = None
    excess: Decimal | None = None
    price: Decimal | None = None
    ordered_price: Decimal | None = None
    variance_pct: Decimal | None = None


class Match(BaseModel):
    """What the match came to; the two figures are the worst of all lines, None when nothing was compared."""

    order: Literal["matched", "partial", "unknown_order", "none"]
    number: str | None = None
    contract: str | None = None
    price_variance_pct: Decimal | None = None
    quantity_excess: Decimal | None = None
    lines: list[LineMatch] = []

    @property
    def billed(self) -> dict[str, Decimal]:
        """The quantity billed on each order line, by its number; what comes to nothing is left out."""
        billed: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            if line.order_line:
                billed[line.order_line] += line.billed
        return {line: quantity for line, quantity in billed.items() if quantity > 0}


def match_order(invoice: Invoice, order: Order | None, *, supplier: str | None) -> Match:
    """Compare an invoice with the order that it names, line by line.

    An order of another supplier counts as unknown. The match is partial when a line has no order line, takes
    something back or bills nothing, when the document adds charges that no order holds, and when it is in
    another currency; quantities are compared all the same.
    """
    if invoice.order_reference is None:
        return Match(order="none")
    if order is None or order.supplier != supplier:
        return Match(order="unknown_order")
    lines = _match_lines(invoice.lines, order.lines)
    complete = all(line.order_line for line in lines) and _is_plain(invoice)
    return Match(
        order="matched" if complete and order.currency == invoice.currency else "partial",
        number=order.number,
        contract=order.contract,
        price_variance_pct=max(
            (line.variance_pct for line in lines if line.variance_pct is not None), default=None
        ),
        quantity_excess=max((line.excess for line in lines if line.excess is not None), default=None),
        lines=lines,
    )


def _is_plain(invoice: Invoice) -> bool:
    """Say whether the document only bills: nothing taken back, nothing for nothing, no charges beside it."""
    plain_lines = all(line.quantity > 0 and line.net_amount >= 0 for line in invoice.lines)
    return plain_lines and not invoice.charges and all(each.amount >= 0 for each in invoice.allowances)


def _match_lines(lines: Sequence[Line], ordered: Sequence[OrderLine]) -> list[LineMatch]:
    pairs = [(line, _find_line(line, ordered)) for line in lines]
    quantity: dict[str, Decimal] = defaultdict(Decimal)
    net: dict[str, Decimal] = defaultdict(Decimal)
    for line, partner in pairs:
        if partner:
            quantity[partner.line] += line.quantity
            net[partner.line] += line.net_amount
    return [
        _compare(line, partner, quantity=quantity[partner.line], net=net[partner.line])
        if partner
        else LineMatch(line=line.id, order_line=None, item=line.item_name, billed=line.quantity)
        for line, partner in pairs
    ]


def _compare(line: Line, partner: OrderLine, *, quantity: Decimal, net: Decimal) -> LineMatch:
    """Compare a line with its order line, by what all lines on that order line come to together."""
    price = net / quantity if quantity > 0 else None
    return LineMatch(
        line=line.id,
        order_line=partner.line,
        item=line.item_name,
        billed=line.quantity,
        due=partner.due,
        excess=max(quantity - partner.due, Decimal(0)),
        price=price and price.quantize(_PERCENT),
        ordered_price=partner.unit_price,
        variance_pct=_overcharge(price, partner.unit_price),
    )


def _overcharge(price: Decimal | None, ordered: Decimal) -> Decimal | None:
    """How far the price is above the order's, in percent, rounded up so that no overcharge rounds away."""
    if price is None or ordered <= 0:
        return None
    return max((price - ordered) / ordered * 100, Decimal(0)).quantize(_PERCENT, rounding=ROUND_CEILING)


def _find_line(line: Line, ordered: Sequence[OrderLine]) -> OrderLine | None:
    """Find the order line that a billed line means: by its number if stated, else by item, else by name."""
    if line.order_line is not None:
        return _only([one for one in ordered if one.line == line.order_line])
    items = {line.seller_item_id, line.buyer_item_id} - {None}
    by_item = _only([one for one in ordered if one.item in items])
    return by_item or _only(
        [one for one in ordered if one.description.casefold() == line.item_name.casefold()]
    )


def _only(lines: list[OrderLine]) -> OrderLine | None:
    return lines[0] if len(lines) == 1 else None
