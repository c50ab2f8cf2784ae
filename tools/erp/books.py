"""What the tools of an ERP need of the books behind them, and the bundled ERP's own."""

from typing import Protocol

from tools.erp import booking, invoices, journal, keys, masterdata, payments
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
from tools.erp.database import Database
from tools.erp.request import PaymentRequest, Request, Search


class Unanswered(Exception):
    """The books did not answer, so that nobody knows whether they did what they were asked."""


class Books(Protocol):
    """Books that suppliers' documents are booked in. Every method may wait, and may run in any thread.

    Raises, from every method:
        Unanswered: the books lie elsewhere, and nothing came back from there.
    """

    def get_company(self) -> Company: ...

    def find_supplier(self, *, vat_id: str, name: str, iban: str) -> SupplierAnswer: ...

    def get_order(self, *, number: str) -> OrderAnswer: ...

    def find_invoices(self, search: Search) -> InvoicesAnswer: ...

    def convert_amount(self, *, amount: str, currency: str, date: str) -> Conversion: ...

    def book_invoice(self, request: Request, *, key: str) -> Booking: ...

    def schedule_payment(self, request: PaymentRequest, *, key: str) -> Payment: ...

    def trial_balance(self) -> TrialBalance: ...

    def list_entries(self, *, limit: int) -> JournalAnswer: ...

    def list_keys(self, *, after: str, limit: int) -> KeysAnswer: ...


class OwnBooks:
    """The bundled ERP's books, in one SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_company(self) -> Company:
        return masterdata.get_company(self._database)

    def find_supplier(self, *, vat_id: str, name: str, iban: str) -> SupplierAnswer:
        return masterdata.find_supplier(self._database, vat_id=vat_id, name=name, iban=iban)

    def get_order(self, *, number: str) -> OrderAnswer:
        return masterdata.get_order(self._database, number=number)

    def find_invoices(self, search: Search) -> InvoicesAnswer:
        return invoices.find_invoices(self._database, search)

    def convert_amount(self, *, amount: str, currency: str, date: str) -> Conversion:
        return masterdata.convert_amount(self._database, amount=amount, currency=currency, date=date)

    def book_invoice(self, request: Request, *, key: str) -> Booking:
        return booking.book_invoice(self._database, request, key=key)

    def schedule_payment(self, request: PaymentRequest, *, key: str) -> Payment:
        return payments.schedule_payment(self._database, request, key=key)

    def trial_balance(self) -> TrialBalance:
        return journal.trial_balance(self._database)

    def list_entries(self, *, limit: int) -> JournalAnswer:
        return journal.list_entries(self._database, limit=limit)

    def list_keys(self, *, after: str, limit: int) -> KeysAnswer:
        return keys.list_keys(self._database, after=after, limit=limit)
