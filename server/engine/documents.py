"""Accepting a file: what it is, what it may be called, how large it may be."""

from server.errors import BadRequest, TooLarge, UnsupportedDocument
from server.storage.database import Connection, Database
from server.storage.documents import has_document, save_document

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_NAME = 200


async def accept_document(database: Database, content: bytes, *, name: str, limit: int) -> str:
    """Store a file and return its id.

    Raises:
        TooLarge: it has more than `limit` bytes.
        UnsupportedDocument: it is neither XML nor PDF.
        BadRequest: its name is none.
    """
    if len(content) > limit:
        raise TooLarge(f"the file has {len(content):,} bytes; the limit is {limit:,}", field="file")
    check_name(name)
    media_type = media_type_of(content)
    async with database.transaction() as connection:
        return await save_document(connection, content, name=name, media_type=media_type)


async def check_reference(connection: Connection, reference: str) -> None:
    """Refuse a `sha256:` reference to a document that is not here.

    Raises:
        BadRequest: naming the reference.
    """
    if reference.startswith("sha256:") and not await has_document(connection, reference):
        raise BadRequest(f"there is no document {reference}", field="input.document")


def check_name(name: str) -> None:
    """Accept a plain file name.

    Raises:
        BadRequest: it is empty, too long, a path, or holds control characters.
    """
    if not name or len(name) > _MAX_NAME or name in {".", ".."} or not name.isprintable():
        raise BadRequest(f"a file name of 1 to {_MAX_NAME} printable characters", field="file")
    if "/" in name or "\\" in name:
        raise BadRequest("a file name without a path", field="file")


def media_type_of(content: bytes) -> str:
    """Tell XML from PDF by their first bytes; what the caller calls it counts for nothing.

    Raises:
        UnsupportedDocument: it is neither.
    """
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    if content.startswith(_UTF16_MARKS) or content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "application/xml"
    raise UnsupportedDocument("the file is neither XML nor PDF", field="file")
