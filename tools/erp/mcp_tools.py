"""The face of an ERP: what its MCP tools are called, take and promise, whichever books stand behind it."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

from mcp.server.fastmcp import Context
from mcp.server.fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from tools.contracts import KEY_IN_META
from tools.erp.answers import (
    Booking,
    Company,
    Conversion,
    InvoicesAnswer,
    JournalAnswer,
    KeysAnswer,
    OrderAnswer,
    Payment,
    SupplierAnswer,
    TrialBalance,
)
from tools.erp.books import Books, Unanswered
from tools.erp.request import PaymentRequest, Request, Search
from tools.erp.values import (
    Amount,
    BilledLine,
    Currency,
    Day,
    Despite,
    Kind,
    Number,
    OptionalAmount,
    OptionalCurrency,
    OptionalDay,
    SignedAmount,
    Text,
    minor,
)
from tools.serving import strict

# Longer than any caller waits.
SILENCE_S = 300.0

Call = Context[Any, Any, Any]
Question = ParamSpec("Question")
Answer = TypeVar("Answer")
Key = Annotated[
    str,
    Field(
        max_length=500,
        description=f"Makes a repeat safe; may come as _meta[{KEY_IN_META!r}] instead, and one of both must.",
    ),
]


class Tools:
    """The tools over some books. Each works in a thread, because books wait for a disk or a network."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def listed(self) -> list[Tool]:
        reading = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
        booking_once = ToolAnnotations(
            readOnlyHint=False, destructiveHint=False, idempotentHint=True, openWorldHint=False
        )
        readers: list[Callable[..., Any]] = [
            self.get_company,
            self.find_supplier,
            self.get_order,
            self.find_invoices,
            self.convert_amount,
            self.trial_balance,
            self.list_entries,
            self.list_keys,
        ]
        writers: list[Callable[..., Any]] = [self.book_invoice, self.schedule_payment]
        return [strict(tool, reading) for tool in readers] + [strict(tool, booking_once) for tool in writers]

    async def get_company(self) -> Company:
        """Get the company whose books these are: to whom a supplier's invoice must be addressed."""
        return await _of_books(self._books.get_company)

    async def find_supplier(self, vat_id: Text = "", name: Text = "", iban: Text = "") -> SupplierAnswer:
        """Find a supplier's master data by VAT id or, if none is stated, by exact name.

        Case, spaces and punctuation do not count. The IBAN only chooses between suppliers of one name.
        """
        return await _of_books(self._books.find_supplier, vat_id=vat_id, name=name, iban=iban)

    async def get_order(self, number: Number) -> OrderAnswer:
        """Get a purchase order with the quantities ordered, received and invoiced so far.

        Of the number only letters and digits count; the answer has it as it is written here.
        """
        return await _of_books(self._books.get_order, number=number)

    async def find_invoices(
        self,
        supplier: Text,
        number: Text = "",
        total: OptionalAmount = "",
        currency: OptionalCurrency = "",
        date: OptionalDay = "",
        days: Annotated[int, Field(ge=0, le=366)] = 7,
    ) -> InvoicesAnswer:
        """Find a supplier's booked invoices and credit notes.

        By number, of any year, where case, padding zeros and the kind of separator do not count; and, if
        total, currency and date are all stated, those of the same total whose date is at most `days` away.
        """
        search = Search(
            supplier=supplier, number=number, total=total, currency=currency, date=date, days=days
        )
        return await _of_books(self._books.find_invoices, search)

    async def convert_amount(self, amount: SignedAmount, currency: Currency, date: Day) -> Conversion:
        """Convert an amount to EUR by the rate in force on a day, rounded half up to cents."""
        return await _of_books(self._books.convert_amount, amount=amount, currency=currency, date=date)

    async def book_invoice(
        self,
        context: Call,
        supplier: Number,
        number: Number,
        kind: Kind,
        date: Day,
        due_date: Day,
        currency: Currency,
        net: Amount,
        tax: Amount,
        total: Amount,
        order: Text = "",
        lines: Annotated[list[BilledLine], Field(max_length=1000)] = [],  # noqa: B006  never changed
        preceding: Annotated[list[Number], Field(max_length=1000)] = [],  # noqa: B006  never changed
        despite: list[Despite] = [],  # noqa: B006  never changed
        key: Key = "",
    ) -> Booking:
        """Book a supplier's invoice or credit note, amounts positive in both, and post it to the journal.

        `preceding` names the booked invoices that a credit note credits: all credit notes on them together
        come to no more than they do. `despite` names refusals that somebody has decided against.
        A repeat with the same key and arguments returns the first entry; with other arguments it is an
        error. A refusal is an answer with status "refused", a code and a message; nothing is written.
        """
        request = Request(
            supplier=supplier,
            number=number,
            kind=kind,
            date=date,
            due_date=due_date,
            currency=currency,
            net=minor(net),
            tax=minor(tax),
            total=minor(total),
            order=order.strip(),
            lines=tuple(lines),
            preceding=tuple(preceding),
            despite=tuple(despite),
        )
        return await _of_books(self._books.book_invoice, request, key=_key(context, argument=key))

    async def schedule_payment(
        self,
        context: Call,
        entry: Number,
        supplier: Number,
        iban: Text,
        currency: Currency,
        date: Day,
        amount: OptionalAmount = "",
        key: Key = "",
    ) -> Payment:
        """Schedule the payment of a booked invoice to the account in the supplier's master data.

        `supplier` and `currency` must be the invoice's, and `iban` that account: whoever limits what is paid,
        or asks where it goes, goes by them. An entry has one payment, of its total unless a smaller amount is
        stated. A repeat with the same key and arguments returns the first; with other arguments it is an
        error. A refusal is an answer with status "refused", a code and a message.
        """
        request = PaymentRequest(
            entry=entry, supplier=supplier, iban=iban, currency=currency, date=date, amount=amount
        )
        return await _of_books(self._books.schedule_payment, request, key=_key(context, argument=key))

    async def trial_balance(self) -> TrialBalance:
        """Sum every account over all posted entries, in EUR."""
        return await _of_books(self._books.trial_balance)

    async def list_entries(self, limit: Annotated[int, Field(ge=1, le=1000)] = 50) -> JournalAnswer:
        """List posted journal entries with their lines in EUR, latest first."""
        return await _of_books(self._books.list_entries, limit=limit)

    async def list_keys(
        self,
        after: Annotated[str, Field(max_length=500)] = "",
        limit: Annotated[int, Field(ge=1, le=1000)] = 500,
    ) -> KeysAnswer:
        """List what was booked and scheduled by idempotency key, from the one behind `after`."""
        return await _of_books(self._books.list_keys, after=after, limit=limit)


async def _of_books(
    ask: Callable[Question, Answer], *question: Question.args, **more: Question.kwargs
) -> Answer:
    """Ask the books, and say nothing where they do not: an error would say that nothing happened."""
    try:
        return await asyncio.to_thread(ask, *question, **more)
    except Unanswered:
        await asyncio.sleep(SILENCE_S)
        raise


def _key(context: Call, *, argument: str) -> str:
    meta = context.request_context.meta
    key = argument or ((meta.model_extra or {}).get(KEY_IN_META) if meta else None)
    if not isinstance(key, str) or not 1 <= len(key) <= 500:
        raise ValueError(f"key: an idempotency key is needed, as argument or as _meta[{KEY_IN_META!r}]")
    return key
