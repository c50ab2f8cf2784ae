"""Purchase orders with what has come and what was billed."""

from collections import defaultdict
from decimal import Decimal
from typing import Literal

from tools.erp.answers import Order, OrderAnswer, OrderLine
from tools.erp.values import letters_and_digits, quantity_text
from tools.tryton.client import Client, Record
from tools.tryton.masterdata import pattern_of

BOOKED = ["validated", "posted", "paid"]
_LINE = (
    "type",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "product.code",
    "product.account_category.account_expense",
    "blanket_agreement_line.blanket_agreement.number",
)
_ORDER = [
    "number",
    "party.code",
    "currency.code",
    "purchase_date",
    "invoice_method",
    *(f"lines.{field}" for field in _LINE),
]


def get_order(tryton: Client, *, number: str) -> OrderAnswer:
    """Read a purchase order by the letters and digits of its number."""
    order = find_order(tryton, number)
    if order is None:
        return OrderAnswer(found=False)
    lines = list_order_lines(tryton, order)
    contracts = {
        line["blanket_agreement_line."]["blanket_agreement."]["number"]
        for line in billable(order)
        if line["blanket_agreement_line."]
    }
    return OrderAnswer(
        found=True,
        order=Order(
            number=order["number"],
            supplier=order["party."]["code"],
            currency=order["currency."]["code"],
            date=order["purchase_date"].isoformat(),
            contract=contracts.pop() if len(contracts) == 1 else None,
            status=_status(lines),
            lines=lines,
        ),
    )


def find_order(tryton: Client, number: str) -> Record | None:
    """Find an order that is placed."""
    wanted = letters_and_digits(number)
    orders = tryton.search(
        "purchase.purchase",
        [["number", "ilike", pattern_of(wanted)], ["state", "in", ["confirmed", "processing", "done"]]],
        _ORDER,
    )
    return next((one for one in orders if letters_and_digits(one["number"]) == wanted), None)


def billable(order: Record) -> list[Record]:
    """Return the lines of an order that can be billed; the first is line 1."""
    return [line for line in order["lines."] if line["type"] == "line"]


def list_order_lines(tryton: Client, order: Record) -> list[OrderLine]:
    """List the lines of an order with what has come and what was billed on each."""
    lines = billable(order)
    ids = [line["id"] for line in lines]
    received, invoiced = _received(tryton, ids), _invoiced(tryton, ids)
    return [
        OrderLine(
            line=number,
            item=(line["product."] or {}).get("code") or "",
            description=line["description"] or "",
            quantity=quantity_text(Decimal(line["quantity"])),
            unit_price=f"{line['unit_price'].normalize():f}",
            received=quantity_text(received[line["id"]]),
            invoiced=quantity_text(invoiced[line["id"]]),
        )
        for number, line in enumerate(lines, start=1)
    ]


def _received(tryton: Client, lines: list[int]) -> dict[int, Decimal]:
    """Sum up what has come on each line, what went back taken off."""
    moves = tryton.search(
        "stock.move",
        [["origin.id", "in", lines, "purchase.line"], ["state", "=", "done"]],
        ["origin", "quantity", "from_location.type"],
    )
    received: dict[int, Decimal] = defaultdict(Decimal)
    for move in moves:
        sign = 1 if move["from_location."]["type"] == "supplier" else -1
        received[origin_id(move)] += sign * Decimal(move["quantity"])
    return received


def _invoiced(tryton: Client, lines: list[int]) -> dict[int, Decimal]:
    """Sum up what was billed on each line; a credit note has negative quantities."""
    billed = tryton.search(
        "account.invoice.line",
        [["origin.id", "in", lines, "purchase.line"], ["invoice.state", "in", BOOKED]],
        ["origin", "quantity"],
    )
    invoiced: dict[int, Decimal] = defaultdict(Decimal)
    for line in billed:
        invoiced[origin_id(line)] += Decimal(line["quantity"])
    return invoiced


def origin_id(record: Record) -> int:
    """Return the id of the record that this one comes from."""
    return int(record["origin"].partition(",")[2])


def _status(lines: list[OrderLine]) -> Literal["open", "received", "invoiced"]:
    if all(Decimal(line.invoiced) >= Decimal(line.quantity) for line in lines):
        return "invoiced"
    if all(Decimal(line.received) >= Decimal(line.quantity) for line in lines):
        return "received"
    return "open"
