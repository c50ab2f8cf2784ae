"""Hybrid PDFs: where the invoice is found in them, and what is said when it is not."""

import logging
import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from nodes.einvoice import read_invoice

SAMPLES = Path(__file__).parents[2] / "graphs" / "samples" / "invoice_to_pay"
HYBRID = (SAMPLES / "11-hybrid.pdf").read_bytes()
XML = (SAMPLES / "12-above-limit.xml").read_bytes()
OTHER_XML = (SAMPLES / "08-changed-iban.xml").read_bytes()


@pytest.fixture(autouse=True)
def _quiet_pypdf() -> Iterator[None]:
    """It logs a warning for each thing that is wrong with a damaged file, which is thousands here."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("pypdf").setLevel(logging.NOTSET)


def a_file(writer: PdfWriter, name: str, content: bytes) -> DictionaryObject:
    stream = StreamObject()
    stream.set_data(content)
    reference = writer._add_object(stream.flate_encode())
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/UF"): TextStringObject(name),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): reference}),
        }
    )


def written(writer: PdfWriter) -> bytes:
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def a_pdf(*attached: tuple[str, bytes]) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in attached:
        writer.add_attachment(name, content)
    return written(writer)


@pytest.mark.parametrize(
    "name", ["factur-x.xml", "ZUGFeRD-invoice.xml", "zugferd-invoice.xml", "xrechnung.xml"]
)
def test_the_invoice_is_found_by_each_name_the_specifications_give_it(name):
    reading = read_invoice(a_pdf(("terms.txt", b"..."), (name, XML)))

    assert (reading.source, reading.syntax) == ("pdf", "cii")
    assert reading.invoice == read_invoice(XML).invoice


def test_an_invoice_that_is_only_an_associated_file_is_found():
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.root_object[NameObject("/AF")] = ArrayObject([a_file(writer, "factur-x.xml", XML)])

    assert read_invoice(written(writer)).invoice is not None


def test_an_invoice_deep_in_the_name_tree_is_found():
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    node = DictionaryObject(
        {
            NameObject("/Names"): ArrayObject(
                [TextStringObject("factur-x.xml"), a_file(writer, "factur-x.xml", XML)]
            )
        }
    )
    for _ in range(3):
        node = DictionaryObject({NameObject("/Kids"): ArrayObject([writer._add_object(node)])})
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): node})

    assert read_invoice(written(writer)).invoice is not None


def test_a_name_tree_that_contains_itself_ends():
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    node = DictionaryObject()
    reference = writer._add_object(node)
    node[NameObject("/Kids")] = ArrayObject([reference] * 20)
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): reference})

    assert [finding.code for finding in read_invoice(written(writer)).findings] == ["too_large"]


@pytest.mark.parametrize(
    ("attached", "code"),
    [
        ([], "no_invoice_in_pdf"),
        ([("order-x.xml", XML)], "no_invoice_in_pdf"),
        ([("factur-x.xml", XML), ("xrechnung.xml", OTHER_XML)], "several_invoices"),
        ([("factur-x.xml", XML)] * 6, "too_large"),
        ([("factur-x.xml", b"not XML")], "not_xml"),
        ([("factur-x.xml", b"")], "empty"),
        ([("factur-x.xml", b"<Order/>")], "unknown_root"),
    ],
)
def test_a_pdf_without_exactly_one_invoice_says_so(attached, code):
    reading = read_invoice(a_pdf(*attached))

    assert reading.source == "pdf"
    assert [finding.code for finding in reading.findings] == [code]


def test_the_same_invoice_under_two_names_is_one():
    assert read_invoice(a_pdf(("factur-x.xml", XML), ("xrechnung.xml", XML))).invoice is not None


def test_what_a_pdf_holds_instead_is_named():
    finding = read_invoice(a_pdf(("terms.txt", b"..."))).findings[0]

    assert "terms.txt" in finding.message


@pytest.mark.parametrize("name", ["line\x07feed.xml", "a\x00b.txt", "x" * 5000])
def test_a_file_name_that_no_message_can_hold_is_made_presentable(name):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    hostile = a_file(writer, "terms.txt", b"...")
    hostile[NameObject("/UF")] = TextStringObject(name)
    writer.root_object[NameObject("/AF")] = ArrayObject([hostile])

    reading = read_invoice(written(writer))

    assert reading.findings[0].code == "no_invoice_in_pdf"
    assert "\x00" not in reading.model_dump_json()
    assert len(reading.findings[0].message) < 300


@pytest.mark.parametrize("name", ["/Fl", "/LZW", "/DCTDecode", "/JBIG2Decode", "/Nonsense"])
def test_an_invoice_behind_a_filter_that_is_none_of_a_files_is_damaged(name):
    assert HYBRID.count(b"/EmbeddedFile\n") == 1
    start = HYBRID.rindex(b"/FlateDecode", 0, HYBRID.index(b"stream", HYBRID.index(b"/EmbeddedFile\n")))

    reading = read_invoice(HYBRID[:start] + name.encode() + HYBRID[start + len("/FlateDecode") :])

    assert reading.invoice is None
    assert reading.findings[0].code in {"pdf_damaged", "not_xml"}


def test_an_encrypted_pdf_says_so():
    writer = PdfWriter(clone_from=PdfReader(BytesIO(HYBRID)))
    writer.encrypt("secret", algorithm="RC4-128")

    assert [finding.code for finding in read_invoice(written(writer)).findings] == ["pdf_encrypted"]


def test_an_embedded_file_that_unpacks_to_very_much_is_not_unpacked():
    content = a_pdf_with_flate_of(b" " * 30_000_000)

    finding = read_invoice(content).findings[0]

    assert len(content) < 100_000
    assert finding.code == "too_large"
    assert "room" in finding.message


def a_pdf_with_flate_of(content: bytes) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.root_object[NameObject("/AF")] = ArrayObject([a_file(writer, "factur-x.xml", content)])
    return written(writer)


@pytest.mark.parametrize("wrong", [NullObject(), NumberObject(7), TextStringObject("x"), ArrayObject()])
@pytest.mark.parametrize("key", ["/Names", "/AF"])
def test_a_catalog_with_the_wrong_types_holds_no_invoice(key, wrong):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.root_object[NameObject(key)] = wrong

    assert [finding.code for finding in read_invoice(written(writer)).findings] == ["no_invoice_in_pdf"]


def test_a_truncated_pdf_is_damaged_or_has_no_invoice():
    for length in range(5, len(HYBRID), 997):
        assert read_invoice(HYBRID[:length]).invoice is None


def test_no_damage_to_a_pdf_makes_reading_raise():
    random_bytes = random.Random(20261001)
    tokens = [
        b"/Kids",
        b"/EF",
        b"null",
        b"[",
        b">>",
        b"9 0 R",
        b"-1",
        b"/LZWDecode",
        b"/Length 99999999",
        b"(",
    ]
    for _ in range(400):
        document = bytearray(HYBRID)
        for _ in range(random_bytes.randint(1, 6)):
            start = random_bytes.randrange(len(document))
            token = random_bytes.choice([*tokens, random_bytes.randbytes(3)])
            document[start : start + random_bytes.randint(0, 60)] = token

        reading = read_invoice(bytes(document))

        assert (reading.invoice is None) == bool(reading.findings)


def test_bytes_that_only_begin_like_a_pdf_never_raise():
    random_bytes = random.Random(7)

    for length in range(0, 3000, 30):
        reading = read_invoice(b"%PDF-1.7\n" + random_bytes.randbytes(length))

        assert [finding.code for finding in reading.findings] == ["pdf_damaged"]
