"""What the ERP's tools answer. Amounts are text with two decimals, dates are ISO 8601."""

from typing import Literal

from pydantic import BaseModel

from tools.erp.values import Kind

BookingCode = Literal[
    "unbookable",
    "unknown_supplier",
    "duplicate_invoice",
    "unknown_currency",
    "unknown_order",
    "other_suppliers_order",
    "unknown_order_line",
    "over_received",
    "unknown_preceding",
    "credit_exceeds",
]
Hold = Literal["none", "payment", "all"]
PaymentCode = Literal[
    "unknown_entry",
    "credit_note",
    "other_supplier",
    "other_account",
    "other_currency",
    "already_scheduled",
    "unbookable",
    "amount_exceeds",
]


class Company(BaseModel):
    """The company whose books these are; up to `cash_stop_until` nothing is paid before it is due."""

    entity: str
    name: str
    vat_id: str
    city: str
    cash_stop_until: str | None


class Supplier(BaseModel):
    """A supplier's master data.

    `hold` is what the law forbids: to pay, or all. The discount, in percent, is for payment within
    `discount_days` of the invoice's date.
    """

    id: str
    name: str
    vat_id: str
    country: str
    currency: str
    iban: str
    terms_days: int
    hold: Hold
    discount_pct: str | None
    discount_days: int | None


class SupplierAnswer(BaseModel):
    """The supplier that was meant, and how it was recognised."""

    found: bool
    supplier: Supplier | None = None
    matched_by: Literal["vat_id", "name", "name_and_iban"] | None = None


class OrderLine(BaseModel):
    """One line of a purchase order, with what has arrived and what has been billed."""

    line: int
    item: str
    description: str
    quantity: str
    unit_price: str
    received: str
    invoiced: str


class Order(BaseModel):
    """A purchase order, perhaps under a contract; `received` or `invoiced` when every line is, completely."""

    number: str
    supplier: str
    currency: str
    date: str
    contract: str | None
    status: Literal["open", "received", "invoiced"]
    lines: list[OrderLine]


class OrderAnswer(BaseModel):
    """The purchase order of that number."""

    found: bool
    order: Order | None = None


class BookedInvoice(BaseModel):
    """A booked invoice or credit note, and what made the look-up find it."""

    entry: str
    key: str
    number: str
    kind: Kind
    date: str
    total: str
    currency: str
    matched_by: Literal["number", "amount"]


class InvoicesAnswer(BaseModel):
    """Booked invoices of one supplier, same number first."""

    invoices: list[BookedInvoice]


class Conversion(BaseModel):
    """An amount in the base currency, by the rate in force on the day."""

    found: bool
    amount: str | None = None
    currency: str | None = None
    rate: str | None = None
    valid_from: str | None = None


class Booking(BaseModel):
    """What became of a request to book. A refusal carries `code` and `message` and nothing else."""

    status: Literal["booked", "refused"]
    entry: str | None = None
    posted_at: str | None = None
    total: str | None = None
    currency: str | None = None
    repeated: bool = False
    code: BookingCode | None = None
    message: str | None = None


class Payment(BaseModel):
    """What became of a request to pay. A refusal carries `code` and `message` and nothing else."""

    status: Literal["scheduled", "refused"]
    payment: str | None = None
    entry: str | None = None
    iban: str | None = None
    amount: str | None = None
    currency: str | None = None
    date: str | None = None
    repeated: bool = False
    code: PaymentCode | None = None
    message: str | None = None


class AccountBalance(BaseModel):
    """The sums of one account in the base currency."""

    account: str
    name: str
    debit: str
    credit: str


class TrialBalance(BaseModel):
    """The sums of all accounts in the base currency."""

    accounts: list[AccountBalance]
    debit: str
    credit: str
    balanced: bool


class JournalLine(BaseModel):
    """One side of a journal entry, in the base currency."""

    account: str
    debit: str
    credit: str


class JournalEntry(BaseModel):
    """A posted entry with its lines and, for a supplier's invoice, the invoice's number and payment."""

    entry: str
    date: str
    text: str
    posted_at: str
    supplier: str | None
    number: str | None
    payment: str | None
    lines: list[JournalLine]


class JournalAnswer(BaseModel):
    """Posted entries, latest first."""

    entries: list[JournalEntry]


class KeyedEffect(BaseModel):
    """Something that was done under an idempotency key: an entry posted or a payment scheduled."""

    key: str
    tool: Literal["book_invoice", "schedule_payment"]
    number: str


class KeysAnswer(BaseModel):
    """What was done, by key; `next` asks for what comes behind, and is null at the end."""

    keys: list[KeyedEffect]
    next: str | None
