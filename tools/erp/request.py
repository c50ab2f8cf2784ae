"""A request to book a supplier's document, and what in it contradicts itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tools.erp.values import BilledLine, Despite, Kind, amount_text, digest, number_key


@dataclass(frozen=True)
class Request:
    """A supplier's document to book, as it came, amounts in minor units of `currency`.

    `preceding` holds the numbers of the invoices that a credit note credits, `despite` what somebody has
    seen and wants booked all the same.
    """

    supplier: str
    number: str
    kind: Kind
    date: str
    due_date: str
    currency: str
    net: int
    tax: int
    total: int
    order: str
    lines: tuple[BilledLine, ...]
    preceding: tuple[str, ...] = ()
    despite: tuple[Despite, ...] = ()

    def contradictions(self) -> Iterator[str]:
        """Say what is wrong, each time beginning with the field."""
        if not number_key(self.number):
            yield f"number: {self.number!r} has no letter and no digit"
        if self.total != self.net + self.tax:
            total, net, tax = map(amount_text, (self.total, self.net, self.tax))
            yield f"total: {total} is not net {net} plus tax {tax}"
        if self.total == 0:
            yield "total: there is nothing to book"
        if self.due_date < self.date:
            yield f"due_date: {self.due_date} is before the date {self.date}"
        if self.preceding and self.kind != "credit_note":
            yield "preceding: only a credit note credits invoices"
        yield from self._line_contradictions()

    def _line_contradictions(self) -> Iterator[str]:
        if self.lines and not self.order:
            yield "lines: they bill lines of an order, and no order is named"
        if len({line.order_line for line in self.lines}) < len(self.lines):
            yield "lines: one line of the order appears twice"
        if any(Decimal(line.quantity) == 0 for line in self.lines):
            yield "lines: quantity: there is nothing to bill"

    def digest(self) -> str:
        return digest(
            {
                **{field: value for field, value in vars(self).items() if field != "lines"},
                "lines": [[line.order_line, str(Decimal(line.quantity).normalize())] for line in self.lines],
            }
        )
