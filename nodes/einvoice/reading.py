"""Reading a file as an invoice: the way from bytes to the model, or to what is missing for it."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from lxml import etree
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from nodes.einvoice import document, pdf
from nodes.einvoice.binding import MAX_FINDINGS, UNREADABLE, Code, Source, Value, quoted, read_terms
from nodes.einvoice.codes import CREDIT_NOTE_CODES, INVOICE_CODES
from nodes.einvoice.document import Syntax, UnusableDocument
from nodes.einvoice.findings import Finding
from nodes.einvoice.model import Invoice, Part, with_cents

_FOUND = {
    "kind": "kind",
    "number": "number",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "seller": "seller.name",
    "seller_vat_id": "seller.vat_id",
    "buyer": "buyer.name",
    "order": "order_reference",
    "contract": "contract_reference",
    "buyer_reference": "buyer_reference",
    "currency": "currency",
    "net": "totals.tax_exclusive",
    "tax": "totals.tax",
    "total": "totals.tax_inclusive",
    "payable": "totals.payable",
    "lines": "lines",
    "account": "payment_means.account",
    "payment_terms": "payment_terms",
}
"""What a person sees first of an incomplete document, and where it lies among the terms."""


# A UBL document says by its root, too, which of the two it is.
_CREDIT_BY_ROOT = {document.UBL_INVOICE: False, document.UBL_CREDIT_NOTE: True}


class Reading(BaseModel):
    """What became of a file: either an invoice, or findings and what was found nevertheless.

    An invoice never comes with findings. Whatever a document states and cannot be read counts like
    something missing, also where the standard would let it be absent: nobody should book an invoice
    whose due date is the 31st of September.
    """

    model_config = ConfigDict(frozen=True)

    syntax: Literal["ubl", "cii"] | None
    source: Literal["xml", "pdf"]
    invoice: Invoice | None = None
    found: dict[str, str] = {}
    findings: tuple[Finding, ...] = ()


def read_invoice(content: bytes) -> Reading:
    """Read an electronic invoice: UBL, CII, or a PDF with one of them inside. Never raises on bad input."""
    source: Literal["xml", "pdf"] = "pdf" if pdf.is_pdf(content) else "xml"
    try:
        root = document.parse(pdf.invoice_inside(content) if source == "pdf" else content)
        syntax = document.syntax_of(root)
    except UnusableDocument as unusable:
        return Reading(syntax=None, source=source, findings=(unusable.finding,))
    return _read_document(root, syntax, source=source)


def _read_document(root: etree._Element, syntax: Syntax, *, source: Literal["xml", "pdf"]) -> Reading:
    values, unreadable = _read_values(root, syntax)
    invoice, refused = _build(values)
    findings = [*unreadable, *refused, *_unidentified(values.get("seller"))]
    if invoice is None or findings:
        return Reading(syntax=syntax.name, source=source, found=_found(values), findings=_at_most(findings))
    return Reading(syntax=syntax.name, source=source, invoice=invoice)


def _build(values: Mapping[str, Value]) -> tuple[Invoice | None, list[Finding]]:
    """The invoice, or what the model misses or refuses.

    What could not be read has its finding already. A list that is too short only repeats what its items
    are refused for; one that is not stated at all is missing.
    """
    try:
        return Invoice.model_validate(values), []
    except ValidationError as error:
        refused = error.errors(include_url=False, include_context=False)
    news = [each for each in refused if each["input"] is not UNREADABLE and each["type"] != "too_short"]
    return None, [_finding_of(each, values) for each in news]


def _read_values(root: etree._Element, syntax: Syntax) -> tuple[dict[str, Value], list[Finding]]:
    findings: list[Finding] = []
    tree = root.getroottree()
    headless = Source(tree, currency=None, tax_currency=None, findings=[])
    source = Source(
        tree,
        currency=_currency(root, syntax.currency, headless),
        tax_currency=_currency(root, syntax.tax_currency, headless),
        findings=findings,
    )
    values = read_terms(root, syntax.terms, source=source)
    values["kind"] = _kind(values.get("type_code"), root, source=source)
    return values, findings


def _currency(root: etree._Element, binding: Code, source: Source) -> str | None:
    value = binding.read(root, source)
    return value if isinstance(value, str) else None


def _kind(type_code: Value, root: etree._Element, *, source: Source) -> Value:
    """Invoice or credit note: CII says it by its type code, UBL by its root too, and they must agree."""
    if not isinstance(type_code, str):
        return UNREADABLE
    is_credit = type_code in CREDIT_NOTE_CODES
    if not is_credit and type_code not in INVOICE_CODES:
        message = f"the type code {quoted(type_code)} (BT-3) is not one of an invoice or credit note"
        return source.unreadable("unknown_type_code", message, at=root)
    if is_credit != _CREDIT_BY_ROOT.get(root.tag, is_credit):
        message = f"the type code {type_code} (BT-3) does not fit a UBL {etree.QName(root).localname}"
        return source.unreadable("type_code_conflict", message, at=root)
    return "credit_note" if is_credit else "invoice"


def _unidentified(seller: Value) -> Iterator[Finding]:
    if isinstance(seller, dict) and not any(
        term in seller for term in ("vat_id", "legal_id", "tax_id", "ids")
    ):
        message = "the seller states neither a VAT identifier nor another number to be known by (BR-CO-26)"
        yield Finding(code="missing_seller_identifier", message=message, where="BT-31")


def _at_most(findings: list[Finding]) -> tuple[Finding, ...]:
    left_out = len(findings) - MAX_FINDINGS
    if left_out <= 0:
        return tuple(findings)
    more = Finding(code="more_findings", message=f"and {left_out} more findings like these")
    return (*findings[:MAX_FINDINGS], more)


def _finding_of(error: ErrorDetails, values: Mapping[str, Value]) -> Finding:
    """What the model refused, said in the standard's words."""
    location = error["loc"]
    term, words = _name_of(location)
    field = "_".join(step for step in location if isinstance(step, str))
    if error["type"] == "missing":
        message = f"{words} ({term}) is missing{_reason_for_no_lines(field, values)}"
        return Finding(code=f"missing_{field}", message=message, where=term)
    code = error["type"] if error["type"] == "unknown_currency" else f"invalid_{field}"
    message = f"{words} ({term}) is {quoted(str(error['input']))}: {error['msg']}"
    return Finding(code=code, message=message, where=term)


def _reason_for_no_lines(field: str, values: Mapping[str, Value]) -> str:
    profile = str(values.get("profile", "")).rpartition(":")[2]
    if field == "lines" and profile in ("minimum", "basicwl"):
        return f"; the Factur-X profile {profile} has none, ask for EN 16931"
    return ""


def _name_of(location: tuple[int | str, ...]) -> tuple[str, str]:
    """The business term and the words for a place in the model, such as `BT-146`, `line 2, net price`."""
    part: type[Part] | None = Invoice
    term, words = "", []
    for step in location:
        if isinstance(step, int):
            words.append(f"number {step + 1}")
        elif part is not None and step in part.model_fields:
            field = part.model_fields[step]
            term, _, name = (field.title or step).partition(" ")
            words.append(name)
            part = next(_parts_in(field.annotation), None)
    return term, ", ".join(words)


def _parts_in(annotation: object) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts_in(argument)


def _found(values: Mapping[str, Value]) -> dict[str, str]:
    currency = values.get("currency")
    shown = {name: _shown(_at(values, path), currency) for name, path in _FOUND.items()}
    return {name: text for name, text in shown.items() if text}


def _at(values: Value, path: str) -> Value:
    for step in path.split("."):
        if isinstance(values, list):
            values = values[0]
        values = values.get(step) if isinstance(values, dict) else None
    return values


def _shown(value: Value, currency: Value) -> str:
    match value:
        case Decimal():
            amount = with_cents(value)
            return f"{amount} {currency}" if isinstance(currency, str) else str(amount)
        case date():
            return value.isoformat()
        case list():
            return str(len(value))
        case str():
            return value
        case _:
            return ""
