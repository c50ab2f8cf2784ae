"""Tryton's books behind the tools of an ERP."""

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
from tools.erp.request import PaymentRequest, Request, Search
from tools.tryton import booking, documents, journal, masterdata, orders, payments
from tools.tryton.claims import Claims
from tools.tryton.client import Client
from tools.tryton.settings import Settings


class TrytonBooks:
    """The books of one company in Tryton, as the user of one key sees them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tryton = Client(settings.url, settings.database, key=settings.key)
        self._claims = Claims(settings.claims)

    def get_company(self) -> Company:
        return masterdata.get_company(self._tryton)

    def find_supplier(self, *, vat_id: str, name: str, iban: str) -> SupplierAnswer:
        return masterdata.find_supplier(self._tryton, vat_id=vat_id, name=name, iban=iban)

    def get_order(self, *, number: str) -> OrderAnswer:
        return orders.get_order(self._tryton, number=number)

    def find_invoices(self, search: Search) -> InvoicesAnswer:
        return documents.find_invoices(self._tryton, search)

    def convert_amount(self, *, amount: str, currency: str, date: str) -> Conversion:
        return masterdata.convert_amount(self._tryton, amount=amount, currency=currency, date=date)

    def book_invoice(self, request: Request, *, key: str) -> Booking:
        return booking.book_invoice(self._tryton, self._claims, request, key=key, settings=self._settings)

    def schedule_payment(self, request: PaymentRequest, *, key: str) -> Payment:
        return payments.schedule_payment(self._tryton, self._claims, request, key=key)

    def trial_balance(self) -> TrialBalance:
        return journal.trial_balance(self._tryton)

    def list_entries(self, *, limit: int) -> JournalAnswer:
        return journal.list_entries(self._tryton, limit=limit)

    def list_keys(self, *, after: str, limit: int) -> KeysAnswer:
        return journal.list_keys(self._tryton, after=after, limit=limit)
