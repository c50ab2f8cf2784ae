"""What becomes of files that are no invoice, or not a whole one."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.einvoice import Reading, read_invoice

SAMPLES = Path(__file__).parents[2] / "graphs" / "samples" / "invoice_to_pay"
UBL = (SAMPLES / "01-clean-with-order.xml").read_bytes()
CII = (SAMPLES / "12-above-limit.xml").read_bytes()
CREDIT_NOTE = (SAMPLES / "09-credit-note.xml").read_bytes()
BODY = UBL.partition(b"?>\n")[2]

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&c;</Invoice>"""


def changed(old: str, new: str, document: bytes = UBL) -> bytes:
    assert old.encode() in document
    return document.replace(old.encode(), new.encode())


def without(tag: str, document: bytes = UBL) -> bytes:
    shorter, times = re.subn(rf"<{tag}\b.*?</{tag}>".encode(), b"", document, flags=re.DOTALL)
    assert times
    return shorter


def codes(reading: Reading) -> list[str]:
    assert reading.invoice is None
    assert all(finding.message for finding in reading.findings)
    return [finding.code for finding in reading.findings]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"Dear Sir or Madam", "not_xml"),
        (b"\x00\x01\x02\xff", "not_xml"),
        (UBL[:-20], "not_xml"),
        (LAUGHS, "doctype"),
        (LAUGHS.decode().replace("?>", ' encoding="UTF-16"?>', 1).encode("utf-16"), "doctype"),
        (b'<!DOCTYPE Invoice SYSTEM "file:///etc/passwd">' + BODY, "doctype"),
        (UBL + b" " * (10 * 1024 * 1024), "too_large"),
        (b"<a>" * 60 + b"</a>" * 60, "too_deep"),
        (b"<a>" + b"<b/>" * 250_001 + b"</a>", "too_large"),
        (UBL + BODY, "several_documents"),
        (UBL + UBL, "several_documents"),
        (b"<envelope>" + BODY + BODY + b"</envelope>", "several_invoices"),
        (b"<envelope>" + BODY + b"</envelope>", "wrapped_invoice"),
        (changed("<rsm:ExchangedDocument>", "<rsm:ExchangedDocument/><rsm:ExchangedDocument>", CII),
         "several_invoices"),
        (changed("ubl:schema:xsd:Invoice-2", "ubl:schema:xsd:Invoice-3"), "unknown_root"),
        (b"<html><body/></html>", "unknown_root"),
        (b"<CrossIndustryDocument xmlns='urn:ferd:CrossIndustryDocument:invoice:1p0'/>", "outdated_format"),
        (b"%PDF-1.7 and nothing else", "pdf_damaged"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_single_invoice_is_refused_in_words(content, code):
    reading = read_invoice(content)

    assert codes(reading) == [code]
    assert reading.syntax is None


def test_an_unknown_root_is_named():
    finding = read_invoice(b"<Order xmlns='urn:x'/>").findings[0]

    assert "Order" in finding.message
    assert "urn:x" in finding.message


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("cbc:IssueDate", "missing_issue_date"),
        ("cbc:InvoiceTypeCode", "missing_type_code"),
        ("cbc:DocumentCurrencyCode", "missing_currency"),
        ("cac:AccountingSupplierParty", "missing_seller"),
        ("cac:AccountingCustomerParty", "missing_buyer"),
        ("cac:InvoiceLine", "missing_lines"),
        ("cac:LegalMonetaryTotal", "missing_totals_line_sum"),
        ("cac:TaxSubtotal", "missing_vat"),
        ("cac:Price", "missing_lines_net_price"),
    ],
)
def test_a_mandatory_term_that_is_missing_is_named(tag, code):
    assert code in codes(read_invoice(without(tag)))


def test_a_missing_term_of_a_line_says_which_line():
    second_price = UBL.rindex(b"<cac:Price>"), UBL.rindex(b"</cac:Price>") + len(b"</cac:Price>")

    findings = read_invoice(UBL[: second_price[0]] + UBL[second_price[1] :]).findings

    assert [finding.message for finding in findings] == [
        "invoice lines, number 2, net price (BT-146) is missing"
    ]


def test_a_profile_without_lines_is_the_reason_for_missing_lines():
    document = changed("urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:minimum", without("cac:InvoiceLine"))

    assert "minimum" in read_invoice(document).findings[0].message


@pytest.mark.parametrize(
    "number", ["1e400", "NaN", "INF", "1,000.00", "12.3.4", "1 250.00", "٣", "0x10", "--5", ".", "9" * 40]
)
def test_what_is_not_a_plain_number_is_a_finding(number):
    reading = read_invoice(changed(">1250.00<", f">{number}<"))

    assert codes(reading) == ["bad_number"]
    assert reading.findings[0].where.endswith("cbc:LineExtensionAmount")


def test_a_text_longer_than_any_honest_one_is_a_finding():
    assert codes(read_invoice(changed(">1250.00<", f">{'9' * 20_000}<"))) == ["text_too_long"]


@pytest.mark.parametrize("day", ["2026-09-31", "14.09.2026", "2026-9-14", "yesterday", "20260914"])
def test_what_is_not_a_day_is_a_finding(day):
    assert codes(read_invoice(changed("<cbc:IssueDate>2026-09-14", f"<cbc:IssueDate>{day}"))) == ["bad_date"]


def test_an_unreadable_due_date_is_no_missing_due_date():
    reading = read_invoice(changed("2026-10-14", "2026-10-41"))

    assert codes(reading) == ["bad_date"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (">EUR<", ">EURO<", "unknown_currency"),
        (">EUR<", ">XYZ<", "unknown_currency"),
        (">EUR<", ">USD<", "currency_mismatch"),
        ('currencyID="EUR">1250.00', 'currencyID="CHF">1250.00', "currency_mismatch"),
        (">380<", ">381<", "type_code_conflict"),
        (">380<", ">325<", "unknown_type_code"),
        ("<cbc:ID>S</cbc:ID>", "<cbc:ID>Q</cbc:ID>", "invalid_vat_category"),
        ("<cbc:Note>", "<cbc:Note>Or so</cbc:Note><cbc:Note>", "stated_twice"),
        ("<cac:PostalAddress>", "<cac:PostalAddress/><cac:PostalAddress>", "stated_twice"),
    ],
)
def test_a_fact_that_contradicts_the_standard_or_itself_is_a_finding(old, new, code):
    found = codes(read_invoice(changed(old, new)))

    assert code in found or f"{code[:8]}lines_{code[8:]}" in found


def test_a_credit_note_with_an_invoices_code_is_a_finding():
    assert codes(read_invoice(changed(">381<", ">380<", CREDIT_NOTE))) == ["type_code_conflict"]


def test_a_price_for_zero_pieces_is_a_finding():
    document = changed("</cac:Price>", '<cbc:BaseQuantity unitCode="H87">0</cbc:BaseQuantity></cac:Price>')

    assert set(codes(read_invoice(document))) == {"invalid_lines_base_quantity"}


def test_many_findings_are_cut_and_counted():
    line = BODY[BODY.index(b"<cac:InvoiceLine>") : BODY.index(b"</cac:InvoiceLine>")] + b"</cac:InvoiceLine>"
    document = UBL.replace(b"<cac:InvoiceLine>", without("cac:Price", line) * 60 + b"<cac:InvoiceLine>", 1)

    findings = read_invoice(document).findings

    assert len(findings) == 51
    assert findings[-1].message == "and 10 more findings like these"


def test_comments_and_instructions_hide_nothing():
    reading = read_invoice(changed(">1250.00<", "><!-- 1 -->1250<?x y?>.00<"))

    assert reading.invoice is not None
    assert reading.invoice.lines[0].net_amount == 1250


@pytest.mark.parametrize("tag", ["cbc:ID", "cbc:Note", "cac:TaxTotal", "cac:InvoiceLine", "cac:PaymentMeans"])
def test_ten_megabytes_of_one_element_take_seconds_not_minutes(tag):
    element = re.search(rf"<{tag}\b.*?</{tag}>".encode(), UBL + b"<cbc:Note>x</cbc:Note>", re.DOTALL)
    assert element is not None
    times = min(9_000_000 // len(element[0]), 240_000 // (element[0].count(b"</") + 1))
    start = time.monotonic()

    read_invoice(UBL.replace(b"<cac:TaxTotal>", element[0] * times + b"<cac:TaxTotal>", 1))

    assert time.monotonic() - start < 20


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_to_an_invoice_makes_reading_raise(data):
    document = bytearray(data.draw(st.sampled_from([UBL, CII, CREDIT_NOTE])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(document) - 1))
        length = data.draw(st.integers(0, 40))
        document[start : start + length] = data.draw(
            st.binary(max_size=20) | st.sampled_from([b"<", b">", b"-1"])
        )

    reading = read_invoice(bytes(document))

    assert (reading.invoice is None) == bool(reading.findings)
