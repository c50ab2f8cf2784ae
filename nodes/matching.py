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
    lines: list[OrderLine]


class LineMatch(BaseModel):
    """One billed line beside its order line.

    `excess` is what all lines on that order line together bill beyond `due`.
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
    price_variance_pct: Decimal | None = None
    quantity_excess: Decimal | None = None
    lines: list[LineMatch] = []

    @property
    def billed(self) -> dict[str, Decimal]:
        """The quantity billed on each order line, by its number."""
        billed: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            if line.order_line:
                billed[line.order_line] += line.billed
        return billed


def match_order(invoice: Invoice, order: Order | None, *, supplier: str | None) -> Match:
    """Compare an invoice with the order that it names, line by line.

    An order of another supplier counts as unknown. A line without its order line, charges on the document
    that no order holds, or another currency make the match partial.
    """
    if invoice.order_reference is None:
        return Match(order="none")
    if order is None or order.supplier != supplier:
        return Match(order="unknown_order")
    if order.currency != invoice.currency:
        return Match(order="partial")
    lines = _match_lines(invoice.lines, order.lines)
    complete = all(line.order_line for line in lines) and not invoice.charges
    return Match(
        order="matched" if complete else "partial",
        price_variance_pct=max(
            (line.variance_pct for line in lines if line.variance_pct is not None), default=None
        ),
        quantity_excess=max((line.excess for line in lines if line.excess is not None), default=None),
        lines=lines,
    )


def _match_lines(lines: Sequence[Line], ordered: Sequence[OrderLine]) -> list[LineMatch]:
    pairs = [(line, _find_line(line, ordered)) for line in lines]
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for line, partner in pairs:
        if partner:
            billed[partner.line] += line.quantity
    return [_compare(line, partner, billed=billed) for line, partner in pairs]


def _compare(line: Line, partner: OrderLine | None, *, billed: dict[str, Decimal]) -> LineMatch:
    if partner is None:
        return LineMatch(line=line.id, order_line=None, item=line.item_name, billed=line.quantity)
    price = line.net_amount / line.quantity if line.quantity else None
    return LineMatch(
        line=line.id,
        order_line=partner.line,
        item=line.item_name,
        billed=line.quantity,
        due=partner.due,
        excess=max(billed[partner.line] - partner.due, Decimal(0)),
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
