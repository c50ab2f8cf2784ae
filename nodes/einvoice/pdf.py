"""The invoice inside a hybrid PDF: Factur-X, ZUGFeRD 2 and XRechnung travel as an embedded XML file."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TypeVar

from pypdf import PdfReader, apply_configuration
from pypdf.errors import (
    DependencyError,
    DeprecationError,
    FileNotDecryptedError,
    LimitReachedError,
    PyPdfError,
)
from pypdf.generic import ArrayObject, DictionaryObject, PdfObject, StreamObject

from nodes.einvoice.binding import quoted
from nodes.einvoice.document import MAX_BYTES, UnusableDocument, check_size

Kind = TypeVar("Kind")

INVOICE_NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"})
"""What the specifications call the embedded file, in small letters. An order-x.xml is no invoice."""

_MAX_FILES = 1000
_MAX_INVOICES = 4
_SIGNATURE_WITHIN = 1024

# pypdf follows the objects of a file without asking each for its type, so a file that lies about its own
# structure surfaces as whatever the wrong type does.
_BROKEN_STRUCTURE = (
    PyPdfError,
    DeprecationError,  # for filter names that only a content stream may shorten
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def is_pdf(content: bytes) -> bool:
    """Whether a PDF begins here; viewers accept some bytes before it, so senders produce them."""
    return b"%PDF-" in content[:_SIGNATURE_WITHIN]


def invoice_inside(content: bytes) -> bytes:
    """The one XML invoice that a PDF carries.

    Raises:
        UnusableDocument: The PDF is encrypted, damaged, too large, or does not carry exactly one.
    """
    check_size(content)
    try:
        with apply_configuration(
            zlib_maximum_output_length=MAX_BYTES,
            zlib_maximum_recovery_input_length=MAX_BYTES // 10,
            lzw_maximum_output_length=MAX_BYTES,
            run_length_maximum_output_length=MAX_BYTES,
            array_based_stream_maximum_output_length=MAX_BYTES,
            stream_decoding_work_maximum_length=4 * MAX_BYTES,
            disable_legacy_handling=True,
        ):
            files = _embedded_files(PdfReader(BytesIO(content)))
            invoices = _contents(files)
    except (FileNotDecryptedError, DependencyError) as error:
        raise _locked(content, error) from error
    except LimitReachedError as error:
        raise UnusableDocument(
            "too_large", f"the PDF needs more room than is given: {quoted(str(error))}"
        ) from error
    except _BROKEN_STRUCTURE as error:
        raise UnusableDocument(
            "pdf_damaged", f"the PDF is damaged: {quoted(str(error) or type(error).__name__)}"
        ) from error
    return _the_only_one(invoices, [name for name, _ in files])


def _locked(content: bytes, error: Exception) -> UnusableDocument:
    """Encrypted, or packed like an image: pypdf misses a library for either."""
    if b"/Encrypt" in content:
        return UnusableDocument("pdf_encrypted", "the PDF is encrypted; ask for it without a password")
    return UnusableDocument("pdf_damaged", f"the PDF cannot be unpacked: {quoted(str(error))}")


def _the_only_one(invoices: set[bytes], names: list[str]) -> bytes:
    if len(invoices) == 1:
        return invoices.pop()
    if invoices:
        raise UnusableDocument(
            "several_invoices", "the PDF holds several invoices; send one invoice in one file"
        )
    held = (
        f"only {', '.join(quoted(name) for name in sorted(set(names))[:5])}" if names else "no embedded file"
    )
    message = f"the PDF holds {held}: without an XML invoice such as factur-x.xml it is a picture to read"
    raise UnusableDocument("no_invoice_in_pdf", message)


def _contents(files: list[tuple[str, StreamObject]]) -> set[bytes]:
    """What the files say that are called like an invoice; a file listed twice is one."""
    streams = {id(stream): stream for name, stream in files if name.lower() in INVOICE_NAMES}
    if len(streams) > _MAX_INVOICES:
        raise LimitReachedError(f"{len(streams)} embedded invoices")
    return {stream.get_data() for stream in streams.values()}


def _embedded_files(reader: PdfReader) -> list[tuple[str, StreamObject]]:
    """Every embedded file with its name, from the name tree and from the associated files."""
    catalog = reader.root_object
    tree = _get(_get(catalog, "/Names", DictionaryObject), "/EmbeddedFiles", DictionaryObject)
    associated = _get(catalog, "/AF", ArrayObject) or ()
    specifications = [*_leaves(tree), *associated]
    _check_count(len(specifications))
    return [file for each in specifications for file in _file_of(each.get_object())]


def _leaves(tree: DictionaryObject | None) -> list[PdfObject]:
    """The values of a name tree. Its nodes may point anywhere, back to themselves too."""
    waiting: list[object] = [tree]
    leaves: list[PdfObject] = []
    visited = 0
    while waiting:
        node = waiting.pop()
        visited += 1
        if isinstance(node, DictionaryObject):
            leaves.extend((_get(node, "/Names", ArrayObject) or ())[1::2])
            waiting.extend(kid.get_object() for kid in _get(node, "/Kids", ArrayObject) or ())
        _check_count(visited + len(waiting) + len(leaves))
    return leaves


def _check_count(files: int) -> None:
    if files > _MAX_FILES:
        raise LimitReachedError(f"more than {_MAX_FILES} embedded files")


def _file_of(specification: object) -> Iterator[tuple[str, StreamObject]]:
    if not isinstance(specification, DictionaryObject):
        return
    names = (_get(specification, key, str) for key in ("/UF", "/F"))
    contents = _get(specification, "/EF", DictionaryObject)
    streams = (_get(contents, key, StreamObject) for key in ("/UF", "/F"))
    stream = next((each for each in streams if each is not None), None)
    if stream is not None:
        yield next((name for name in names if name), ""), stream


def _get(parent: DictionaryObject | None, key: str, kind: type[Kind]) -> Kind | None:
    """What stands under a key, a reference followed, if it is what it should be."""
    value = parent[key] if parent is not None and key in parent else None
    return value if isinstance(value, kind) else None
