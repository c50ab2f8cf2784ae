"""The invoice of EN 16931, the same whichever syntax it arrived in.

Every amount is in `Invoice.currency`, except `tax_in_tax_currency`, which is in `Invoice.tax_currency`.
A credit note's amounts are positive, as the standard writes them. A field's title is its business term
and its name in words: findings quote it.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from nodes.einvoice.codes import CURRENCIES, VatCategory


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise PydanticCustomError("float_number", "a float is not exact")
    return value


def _plain(value: Decimal) -> Decimal:
    """The same value in one spelling: no exponent, no trailing zeros, no negative zero."""
    text = format(value if value else abs(value), "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def with_cents(value: Decimal) -> Decimal:
    """The same amount with two decimals, or more where it has them."""
    whole, _, fraction = format(_plain(value), "f").partition(".")
    return Decimal(f"{whole}.{fraction:0<2}")


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError("unknown_currency", "unknown currency {code}", {"code": code})
    return code


Number = Annotated[Decimal, Field(max_digits=28), BeforeValidator(_exact), AfterValidator(_plain)]
Amount = Annotated[Decimal, Field(max_digits=28), BeforeValidator(_exact), AfterValidator(with_cents)]
Currency = Annotated[str, AfterValidator(_known_currency)]

NONE = Decimal("0.00")
"""What the standard means by an optional total that is not stated."""


class Part(BaseModel):
    """A group of business terms; nothing in it changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Identifier(Part):
    """An identifier and, where stated, the scheme that issued it (such as `0088` for a GLN)."""

    value: Annotated[str, Field(title="BT-29 identifier")]
    scheme: Annotated[str | None, Field(title="BT-29-1 scheme")] = None


class Address(Part):
    """A postal address."""

    lines: Annotated[tuple[str, ...], Field(title="BT-35 address lines")] = ()
    city: Annotated[str | None, Field(title="BT-37 city")] = None
    postcode: Annotated[str | None, Field(title="BT-38 post code")] = None
    region: Annotated[str | None, Field(title="BT-39 region")] = None
    country: Annotated[str | None, Field(title="BT-40 country code")] = None


class Contact(Part):
    """Whom to ask."""

    name: Annotated[str | None, Field(title="BT-41 contact name")] = None
    phone: Annotated[str | None, Field(title="BT-42 telephone")] = None
    email: Annotated[str | None, Field(title="BT-43 e-mail")] = None


class Party(Part):
    """A seller, a buyer, or one who acts for the seller."""

    name: Annotated[str, Field(title="BT-27/BT-44 name")]
    trading_name: Annotated[str | None, Field(title="BT-28 trading name")] = None
    ids: Annotated[tuple[Identifier, ...], Field(title="BT-29 identifiers")] = ()
    legal_id: Annotated[Identifier | None, Field(title="BT-30 registration number")] = None
    vat_id: Annotated[str | None, Field(title="BT-31/BT-48 VAT identifier")] = None
    tax_id: Annotated[str | None, Field(title="BT-32 tax number")] = None
    legal_form: Annotated[str | None, Field(title="BT-33 legal information")] = None
    electronic_address: Annotated[Identifier | None, Field(title="BT-34 electronic address")] = None
    address: Annotated[Address | None, Field(title="BG-5 address")] = None
    contact: Annotated[Contact | None, Field(title="BG-6 contact")] = None


class Period(Part):
    """From one day to another, both included."""

    start: Annotated[date | None, Field(title="BT-73 start date")] = None
    end: Annotated[date | None, Field(title="BT-74 end date")] = None


class Delivery(Part):
    """Where and when the goods or services arrived."""

    name: Annotated[str | None, Field(title="BT-70 delivered to")] = None
    location: Annotated[Identifier | None, Field(title="BT-71 location")] = None
    delivered_on: Annotated[date | None, Field(title="BT-72 delivery date")] = None
    address: Annotated[Address | None, Field(title="BG-15 delivery address")] = None


class LineAdjustment(Part):
    """An allowance or a charge on one line."""

    amount: Annotated[Amount, Field(title="BT-136/BT-141 amount")]
    base: Annotated[Amount | None, Field(title="BT-137/BT-142 base amount")] = None
    percent: Annotated[Number | None, Field(title="BT-138/BT-143 percentage")] = None
    reason: Annotated[str | None, Field(title="BT-139/BT-144 reason")] = None
    reason_code: Annotated[str | None, Field(title="BT-140/BT-145 reason code")] = None


class Adjustment(LineAdjustment):
    """An allowance or a charge on the whole document."""

    vat_category: Annotated[VatCategory, Field(title="BT-95/BT-102 VAT category")]
    vat_rate: Annotated[Number | None, Field(title="BT-96/BT-103 VAT rate")] = None


class Classification(Part):
    """A commodity code and the list it is taken from."""

    code: Annotated[str, Field(title="BT-158 commodity code")]
    scheme: Annotated[str | None, Field(title="BT-158-1 list")] = None
    version: Annotated[str | None, Field(title="BT-158-2 list version")] = None


class Line(Part):
    """One line: what was delivered, how much of it, at which price."""

    id: Annotated[str, Field(title="BT-126 line identifier")]
    note: Annotated[str | None, Field(title="BT-127 note")] = None
    object_id: Annotated[Identifier | None, Field(title="BT-128 object identifier")] = None
    quantity: Annotated[Number, Field(title="BT-129 quantity")]
    unit: Annotated[str, Field(title="BT-130 unit code")]
    net_amount: Annotated[Amount, Field(title="BT-131 net amount")]
    order_line: Annotated[str | None, Field(title="BT-132 order line")] = None
    accounting_reference: Annotated[str | None, Field(title="BT-133 accounting reference")] = None
    period: Annotated[Period | None, Field(title="BG-26 period")] = None
    allowances: Annotated[tuple[LineAdjustment, ...], Field(title="BG-27 allowances")] = ()
    charges: Annotated[tuple[LineAdjustment, ...], Field(title="BG-28 charges")] = ()
    net_price: Annotated[Number, Field(title="BT-146 net price")]
    price_discount: Annotated[Number | None, Field(title="BT-147 price discount")] = None
    gross_price: Annotated[Number | None, Field(title="BT-148 gross price")] = None
    base_quantity: Annotated[Number, Field(title="BT-149 quantity the price is for", gt=0)] = Decimal("1")
    base_unit: Annotated[str | None, Field(title="BT-150 unit of that quantity")] = None
    vat_category: Annotated[VatCategory, Field(title="BT-151 VAT category")]
    vat_rate: Annotated[Number | None, Field(title="BT-152 VAT rate")] = None
    item_name: Annotated[str, Field(title="BT-153 item name")]
    description: Annotated[str | None, Field(title="BT-154 item description")] = None
    seller_item_id: Annotated[str | None, Field(title="BT-155 seller's item number")] = None
    buyer_item_id: Annotated[str | None, Field(title="BT-156 buyer's item number")] = None
    standard_item_id: Annotated[Identifier | None, Field(title="BT-157 standard item number")] = None
    classifications: Annotated[tuple[Classification, ...], Field(title="BT-158 commodity codes")] = ()
    origin: Annotated[str | None, Field(title="BT-159 country of origin")] = None


class VatGroup(Part):
    """One row of the VAT breakdown."""

    taxable: Annotated[Amount, Field(title="BT-116 taxable amount")]
    tax: Annotated[Amount, Field(title="BT-117 VAT amount")]
    category: Annotated[VatCategory, Field(title="BT-118 VAT category")]
    rate: Annotated[Number | None, Field(title="BT-119 VAT rate")] = None
    exemption: Annotated[str | None, Field(title="BT-120 exemption reason")] = None
    exemption_code: Annotated[str | None, Field(title="BT-121 exemption reason code")] = None


class Totals(Part):
    """The document's totals. One that the document does not state is zero."""

    line_sum: Annotated[Amount, Field(title="BT-106 sum of the lines")]
    allowances: Annotated[Amount, Field(title="BT-107 sum of the allowances")] = NONE
    charges: Annotated[Amount, Field(title="BT-108 sum of the charges")] = NONE
    tax_exclusive: Annotated[Amount, Field(title="BT-109 total without VAT")]
    tax: Annotated[Amount, Field(title="BT-110 total VAT")] = NONE
    tax_inclusive: Annotated[Amount, Field(title="BT-112 total with VAT")]
    prepaid: Annotated[Amount, Field(title="BT-113 paid amount")] = NONE
    rounding: Annotated[Amount, Field(title="BT-114 rounding amount")] = NONE
    payable: Annotated[Amount, Field(title="BT-115 amount due")]


class PaymentMeans(Part):
    """One way to pay."""

    code: Annotated[str, Field(title="BT-81 payment means code")]
    text: Annotated[str | None, Field(title="BT-82 payment means")] = None
    remittance: Annotated[str | None, Field(title="BT-83 remittance information")] = None
    account: Annotated[str | None, Field(title="BT-84 account")] = None
    """An IBAN or another account number, in capitals and without spaces."""
    account_name: Annotated[str | None, Field(title="BT-85 account name")] = None
    bic: Annotated[str | None, Field(title="BT-86 bank")] = None
    card: Annotated[str | None, Field(title="BT-87 card number")] = None
    mandate: Annotated[str | None, Field(title="BT-89 mandate reference")] = None
    debited_account: Annotated[str | None, Field(title="BT-91 debited account")] = None


class Note(Part):
    """A remark, with the code of its subject where stated."""

    text: Annotated[str, Field(title="BT-22 note")]
    subject: Annotated[str | None, Field(title="BT-21 note subject")] = None


class PrecedingInvoice(Part):
    """An earlier invoice that this document corrects or credits."""

    number: Annotated[str, Field(title="BT-25 preceding invoice number")]
    issue_date: Annotated[date | None, Field(title="BT-26 preceding invoice date")] = None


class Attachment(Part):
    """A supporting document: what it is called, not what it holds."""

    id: Annotated[str, Field(title="BT-122 document reference")]
    description: Annotated[str | None, Field(title="BT-123 description")] = None
    location: Annotated[str | None, Field(title="BT-124 external location")] = None
    mime: Annotated[str | None, Field(title="BT-125 MIME type")] = None
    filename: Annotated[str | None, Field(title="BT-125 file name")] = None


class Invoice(Part):
    """An electronic invoice or credit note."""

    kind: Annotated[Literal["invoice", "credit_note"], Field(title="BT-3 kind of document")]
    type_code: Annotated[str, Field(title="BT-3 type code")]
    number: Annotated[str, Field(title="BT-1 invoice number")]
    issue_date: Annotated[date, Field(title="BT-2 issue date")]
    currency: Annotated[Currency, Field(title="BT-5 currency")]
    tax_currency: Annotated[Currency | None, Field(title="BT-6 VAT currency")] = None
    tax_in_tax_currency: Annotated[Amount | None, Field(title="BT-111 total VAT in the VAT currency")] = None
    tax_point_date: Annotated[date | None, Field(title="BT-7 tax point date")] = None
    due_date: Annotated[date | None, Field(title="BT-9 due date")] = None
    buyer_reference: Annotated[str | None, Field(title="BT-10 buyer reference")] = None
    project_reference: Annotated[str | None, Field(title="BT-11 project reference")] = None
    contract_reference: Annotated[str | None, Field(title="BT-12 contract reference")] = None
    order_reference: Annotated[str | None, Field(title="BT-13 order reference")] = None
    sales_order_reference: Annotated[str | None, Field(title="BT-14 sales order reference")] = None
    receipt_reference: Annotated[str | None, Field(title="BT-15 receiving advice")] = None
    despatch_reference: Annotated[str | None, Field(title="BT-16 despatch advice")] = None
    tender_reference: Annotated[str | None, Field(title="BT-17 tender or lot")] = None
    object_id: Annotated[Identifier | None, Field(title="BT-18 invoiced object")] = None
    accounting_reference: Annotated[str | None, Field(title="BT-19 accounting reference")] = None
    payment_terms: Annotated[str | None, Field(title="BT-20 payment terms")] = None
    notes: Annotated[tuple[Note, ...], Field(title="BG-1 notes")] = ()
    process: Annotated[str | None, Field(title="BT-23 business process")] = None
    profile: Annotated[str | None, Field(title="BT-24 specification")] = None
    preceding: Annotated[tuple[PrecedingInvoice, ...], Field(title="BG-3 preceding invoices")] = ()
    seller: Annotated[Party, Field(title="BG-4 seller")]
    buyer: Annotated[Party, Field(title="BG-7 buyer")]
    payee: Annotated[Party | None, Field(title="BG-10 payee")] = None
    tax_representative: Annotated[Party | None, Field(title="BG-11 tax representative")] = None
    delivery: Annotated[Delivery | None, Field(title="BG-13 delivery")] = None
    period: Annotated[Period | None, Field(title="BG-14 invoicing period")] = None
    payment_means: Annotated[tuple[PaymentMeans, ...], Field(title="BG-16 payment")] = ()
    allowances: Annotated[tuple[Adjustment, ...], Field(title="BG-20 allowances")] = ()
    charges: Annotated[tuple[Adjustment, ...], Field(title="BG-21 charges")] = ()
    totals: Annotated[Totals, Field(title="BG-22 totals")]
    vat: Annotated[tuple[VatGroup, ...], Field(title="BG-23 VAT breakdown", min_length=1)]
    attachments: Annotated[tuple[Attachment, ...], Field(title="BG-24 supporting documents")] = ()
    lines: Annotated[tuple[Line, ...], Field(title="BG-25 invoice lines", min_length=1)]
