"""How a business term is bound to its place in a syntax, and read from there.

A syntax (`ubl`, `cii`) is a tree of these bindings in the shape of the model. Paths are XPath 1.0; a path
that finds nothing is a term that is not stated, and gets no key. What is stated and cannot be read becomes
a finding and the value `UNREADABLE`, which no field of the model accepts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Protocol

from lxml import etree

from nodes.einvoice.findings import Finding

NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}

MAX_FINDINGS = 50
"""More than a person will read."""

MAX_TEXT = 10_000
"""Characters in one term. The longest honest ones are payment terms and legal notes."""

_QUOTED = 60
"""Characters of a document that a message repeats."""

# 15 digits before the point and 10 behind it: a trillion times more than any invoice, and a product of
# two such numbers is still exact in the arithmetic.
_NUMBER = re.compile(r"[+-]?(?=\.?[0-9])0*[0-9]{0,15}(\.[0-9]{0,10}0*)?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_DAY_102 = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


class Unreadable:
    """The type of `UNREADABLE`, so that a reader can tell it from every value."""

    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = Unreadable()

Value = object
"""Text, Decimal, date, a mapping or a list of them, or `UNREADABLE`; `None` is not stated."""


@dataclass(frozen=True)
class Source:
    """The document that is read: its currencies, and where findings go."""

    tree: etree._ElementTree
    currency: str | None
    tax_currency: str | None
    findings: list[Finding]

    def unreadable(self, code: str, message: str, *, at: etree._Element) -> Unreadable:
        # A path is found by counting siblings, so a long list of bad elements would take quadratic time.
        where = self.tree.getpath(at) if len(self.findings) < MAX_FINDINGS else ""
        self.findings.append(Finding(code=code, message=message, where=where))
        return UNREADABLE


class Binding(Protocol):
    """Something that can be read below an element."""

    def read(self, element: etree._Element, source: Source) -> Value: ...


Terms = Mapping[str, Binding]
"""The fields of one part of the model, each with its binding."""


@dataclass(frozen=True)
class Stated:
    """One place where a document states a term: the words and the element that has them."""

    text: str
    element: etree._Element


@cache
def _compiled(path: str) -> etree.XPath:
    return etree.XPath(path, namespaces=NAMESPACES)


def elements(element: etree._Element, path: str) -> list[etree._Element]:
    found = _compiled(path)(element)
    return [each for each in found if isinstance(each, etree._Element)] if isinstance(found, list) else []


def _all_stated(element: etree._Element, path: str) -> Iterator[Stated]:
    """The elements or attributes at a path that hold more than white space."""
    owner, _, attribute = path.rpartition("/@")
    for each in elements(element, owner or path):
        text = (each.get(attribute) if owner else each.text) or ""
        if text.strip():
            yield Stated(text, each)


def either(*names: str) -> str:
    """The path of children with one of these names; unlike a union it needs no sorting of what it finds."""
    return f"*[{' or '.join(f'self::{name}' for name in names)}]"


def words(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())


def prose(text: str) -> str:
    """A text with its line breaks, and single spaces between."""
    return "\n".join(words(line) for line in text.strip().splitlines())


def quoted(text: str) -> str:
    """A text as a message may quote it: one line, not long, and nothing that JSON or a database refuses."""
    line = words(text)
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line[:_QUOTED])
    return f"“{shown}…”" if len(line) > _QUOTED else f"“{shown}”"


@dataclass(frozen=True)
class Text:
    """A term stated once, as one line of text."""

    path: str

    def read(self, element: etree._Element, source: Source) -> Value:
        first: Value = None
        for stated in self.stated(element, source):
            value = self._parse_short(stated, source)
            if first is not None and value != first:
                message = f"stated more than once, here as {quoted(stated.text)}"
                return source.unreadable("stated_twice", message, at=stated.element)
            first = value
        return first

    def stated(self, element: etree._Element, source: Source) -> Iterator[Stated]:
        return _all_stated(element, self.path)

    def _parse_short(self, stated: Stated, source: Source) -> Value:
        if len(stated.text) > MAX_TEXT:
            message = f"{len(stated.text)} characters, where at most {MAX_TEXT} are read"
            return source.unreadable("text_too_long", message, at=stated.element)
        return self.parse(stated, source)

    def parse(self, stated: Stated, source: Source) -> Value:
        return words(stated.text)


@dataclass(frozen=True)
class Prose(Text):
    """A term whose line breaks say something, such as payment terms."""

    def parse(self, stated: Stated, source: Source) -> Value:
        return prose(stated.text)


@dataclass(frozen=True)
class Code(Text):
    """A code or account number that people type with spaces or in small letters."""

    def parse(self, stated: Stated, source: Source) -> Value:
        return "".join(stated.text.split()).upper()


@dataclass(frozen=True)
class Number(Text):
    """A decimal number as XML writes it: no exponent, no thousands separator, no comma."""

    def parse(self, stated: Stated, source: Source) -> Value:
        text = stated.text.strip()
        if not _NUMBER.fullmatch(text):
            return source.unreadable("bad_number", f"{quoted(text)} is not a number", at=stated.element)
        return Decimal(text)


@dataclass(frozen=True)
class Amount(Number):
    """A number in the document's currency."""

    def currency(self, source: Source) -> str | None:
        return source.currency

    def parse(self, stated: Stated, source: Source) -> Value:
        currency, expected = _currency_of(stated), self.currency(source)
        if currency not in ("", expected):
            message = f"{quoted(stated.text)} is in {quoted(currency)}, but {expected} is expected"
            return source.unreadable("currency_mismatch", message, at=stated.element)
        return super().parse(stated, source)


@dataclass(frozen=True)
class TotalTax(Amount):
    """The total VAT, which may stand there in two currencies, side by side in elements alike."""

    def stated(self, element: etree._Element, source: Source) -> Iterator[Stated]:
        return (each for each in super().stated(element, source) if not _is_for_accounting(each, source))


@dataclass(frozen=True)
class TotalTaxForAccounting(Amount):
    """The total VAT in the currency in which the seller has to account for it."""

    def currency(self, source: Source) -> str | None:
        return source.tax_currency

    def stated(self, element: etree._Element, source: Source) -> Iterator[Stated]:
        return (each for each in super().stated(element, source) if _is_for_accounting(each, source))


def _currency_of(stated: Stated) -> str:
    return stated.element.get("currencyID", "").strip().upper()


def _is_for_accounting(stated: Stated, source: Source) -> bool:
    return source.tax_currency != source.currency and _currency_of(stated) == source.tax_currency


@dataclass(frozen=True)
class Day(Text):
    """A calendar day: ISO 8601, or the basic form where the element says format 102."""

    def parse(self, stated: Stated, source: Source) -> Value:
        text, form = stated.text.strip(), stated.element.get("format")
        pattern = _DAY_102 if form == "102" else _DAY if form is None else None
        match = pattern and pattern.fullmatch(text)
        try:
            if match:
                return date(*(int(part) for part in match.group(1, 2, 3)))
        except ValueError:  # the 31st of a month that has none
            match = None
        return source.unreadable("bad_date", f"{quoted(text)} is not a date", at=stated.element)


@dataclass(frozen=True)
class Group:
    """Terms that belong together and are stated once. Without any of them there is no group."""

    path: str
    terms: Terms

    def read(self, element: etree._Element, source: Source) -> Value:
        found = elements(element, self.path)
        if len(found) > 1:
            name = etree.QName(found[1]).localname
            return source.unreadable("stated_twice", f"there are {len(found)} of {name}", at=found[1])
        return read_terms(found[0], self.terms, source=source) or None if found else None


@dataclass(frozen=True)
class Many:
    """What is stated any number of times: groups of terms, or single texts."""

    path: str
    terms: Terms | Text

    def read(self, element: etree._Element, source: Source) -> Value:
        values = [self._read_one(each, source) for each in elements(element, self.path)]
        return [value for value in values if value is not None] or None

    def _read_one(self, element: etree._Element, source: Source) -> Value:
        if isinstance(self.terms, Text):
            return self.terms.read(element, source)
        return read_terms(element, self.terms, source=source)


_IDENTIFIER: Terms = {"value": Text("."), "scheme": Text("./@schemeID")}


def identifier(path: str) -> Group:
    """An identifier with its scheme. A scheme alone identifies nothing and is passed over."""
    return Group(f"{path}[normalize-space()]", _IDENTIFIER)


def identifiers(path: str) -> Many:
    return Many(f"{path}[normalize-space()]", _IDENTIFIER)


def read_terms(element: etree._Element, terms: Terms, *, source: Source) -> dict[str, Value]:
    """The terms that are stated below an element; those that are not get no key."""
    values = {name: binding.read(element, source) for name, binding in terms.items()}
    return {name: value for name, value in values.items() if value is not None}
