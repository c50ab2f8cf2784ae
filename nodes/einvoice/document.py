"""From the bytes of an XML file to the element tree of one invoice, or a sentence why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from nodes.einvoice import cii, ubl
from nodes.einvoice.binding import Code, Terms
from nodes.einvoice.findings import Finding

MAX_BYTES = 10 * 1024 * 1024
MAX_ELEMENTS = 250_000
"""Some 8,000 invoice lines. A tree of empty elements needs forty times the memory of its file."""
MAX_DEPTH = 50
"""The deepest path of either syntax has about ten steps."""

# What libxml2 says where a second document begins, without and with an XML declaration:
# XML_ERR_DOCUMENT_END and XML_ERR_RESERVED_XML_NAME.
_SECOND_DOCUMENT = (5, 64)


class UnusableDocument(Exception):
    """The file holds no invoice that could be read; never leaves this package."""

    def __init__(self, code: str, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(code=code, message=message, where=where)


@dataclass(frozen=True)
class Syntax:
    """One of the two syntaxes of EN 16931."""

    name: Literal["ubl", "cii"]
    terms: Terms
    currency: Code
    tax_currency: Code


UBL = Syntax("ubl", ubl.TERMS, ubl.CURRENCY, ubl.TAX_CURRENCY)
CII = Syntax("cii", cii.TERMS, cii.CURRENCY, cii.TAX_CURRENCY)

UBL_INVOICE = f"{{{ubl.INVOICE}}}Invoice"
UBL_CREDIT_NOTE = f"{{{ubl.CREDIT_NOTE}}}CreditNote"
_SYNTAX_OF_ROOT = {
    UBL_INVOICE: UBL,
    UBL_CREDIT_NOTE: UBL,
    f"{{{cii.INVOICE}}}CrossIndustryInvoice": CII,
}
_ONCE = (f"{{{cii.INVOICE}}}ExchangedDocument", f"{{{cii.INVOICE}}}SupplyChainTradeTransaction")


class _Gate:
    """Looks a document through as it is parsed, before anything is kept or expanded."""

    def __init__(self) -> None:
        self._elements = 0
        self._depth = 0

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        raise UnusableDocument(
            "doctype",
            f"the file declares a document type ({name}); an invoice has none, and none is read",
        )

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnusableDocument("too_deep", f"elements are nested more than {MAX_DEPTH} deep")
        if self._elements > MAX_ELEMENTS:
            raise UnusableDocument("too_large", f"the file has more than {MAX_ELEMENTS} elements")

    def end(self, tag: str) -> None:
        self._depth -= 1

    def close(self) -> None:
        return None


def _parser(gate: _Gate | None) -> etree.XMLParser:
    return etree.XMLParser(
        target=gate,  # type: ignore[arg-type]  # lxml calls what a target has; the stub wants all of it
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def parse(content: bytes) -> etree._Element:
    """The root element of a document that is XML, of sensible size, and declares no document type.

    Raises:
        UnusableDocument: It is not such a document.
    """
    check_size(content)
    text = content.lstrip()
    try:
        etree.fromstring(text, _parser(_Gate()))
        return etree.fromstring(text, _parser(None))
    except etree.XMLSyntaxError as error:
        raise _not_xml(error) from error


def check_size(content: bytes) -> None:
    if not content:
        raise UnusableDocument("empty", "the file, or the invoice inside it, is empty")
    if len(content) > MAX_BYTES:
        message = f"the file has {len(content)} bytes; at most {MAX_BYTES} are read"
        raise UnusableDocument("too_large", message)


def _not_xml(error: etree.XMLSyntaxError) -> UnusableDocument:
    if getattr(error, "code", None) in _SECOND_DOCUMENT:
        message = "the file goes on after the end of its first document; send one invoice in one file"
        return UnusableDocument("several_documents", message)
    return UnusableDocument("not_xml", f"what should be the invoice is not well-formed XML: {error.msg}")


def syntax_of(root: etree._Element) -> Syntax:
    """The syntax of a document that holds exactly one invoice.

    Raises:
        UnusableDocument: It holds none, or several, or something else.
    """
    syntax = _SYNTAX_OF_ROOT.get(root.tag)
    if syntax is None:
        raise _no_invoice(root)
    for tag in _ONCE:
        if len(root.findall(tag)) > 1:
            message = f"the file holds several {_local(tag)}; send one invoice in one file"
            raise UnusableDocument("several_invoices", message)
    return syntax


def _no_invoice(root: etree._Element) -> UnusableDocument:
    inside = sum(1 for _ in root.iter(*_SYNTAX_OF_ROOT))
    name = etree.QName(root)
    if inside > 1:
        message = f"the file's {name.localname} holds {inside} invoices; send one invoice in one file"
        return UnusableDocument("several_invoices", message)
    if inside == 1:
        message = f"the invoice is wrapped in {name.localname}; send the invoice itself"
        return UnusableDocument("wrapped_invoice", message)
    if name.localname == "CrossIndustryDocument":
        message = (
            "this is ZUGFeRD 1.0, which is older than EN 16931; ask for ZUGFeRD 2, Factur-X or XRechnung"
        )
        return UnusableDocument("outdated_format", message)
    message = (
        f"the root element is {name.localname} in namespace {name.namespace or 'none'}; "
        "an invoice is a UBL Invoice, a UBL CreditNote or a CrossIndustryInvoice"
    )
    return UnusableDocument("unknown_root", message, where=f"/{name.localname}")


def _local(tag: str) -> str:
    return etree.QName(tag).localname
