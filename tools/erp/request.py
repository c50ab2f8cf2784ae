"""What is asked of books: to book a supplier's document, to pay one, to look for some."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal

from tools.erp.values import BilledLine, Despite, Kind, amount_text, digest, minor, number_key


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


@dataclass(frozen=True)
class PaymentRequest:
    """What is to be paid. Supplier, account and currency are claims, and must be the entry's own.

    The account is the supplier's, as the master data holds it today; the amount is the invoice's total unless
    a smaller one is stated.
    """

    entry: str
    supplier: str
    iban: str
    currency: str
    date: str
    amount: str = ""

    @property
    def units(self) -> int | None:
        return minor(self.amount) if self.amount else None

    @property
    def digest(self) -> str:
        return digest({**asdict(self), "amount": self.units})


@dataclass(frozen=True)
class Search:
    """Which booked documents of a supplier are looked for: by number, or by total, currency and date.

    The date may be up to `days` away. What is empty was not stated.

    Raises:
        ValueError: neither a number nor a total with its currency and date is stated.
    """

    supplier: str
    number: str = ""
    total: str = ""
    currency: str = ""
    date: str = ""
    days: int = 7

    def __post_init__(self) -> None:
        if not (self.number or self.by_amount):
            raise ValueError("number: a number, or a total with its currency and date, is needed")

    @property
    def by_amount(self) -> bool:
        return bool(self.total and self.currency and self.date)
