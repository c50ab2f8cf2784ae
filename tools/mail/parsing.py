"""Reading a mail from its bytes: whatever is broken in it, something can be said of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from lxml import etree, html

from tools.mail.values import MOST_TEXT

MOST_PARTS = 200
MOST_ADDRESSES = 100
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*\n+")

Part = Message


@dataclass(frozen=True)
class File:
    """An attachment, with its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Parsed:
    """A mail's parts: headers in plain letters, the text cut if it is too long, the attached files."""

    headers: dict[str, str]
    to: list[str]
    date: str | None
    text: str
    cut: bool
    files: list[File]


class Unreadable(ValueError):
    """The mail is built to keep whoever reads it busy."""


def parse(content: bytes) -> Parsed:
    """Read a mail.

    Raises:
        Unreadable: it has too many parts, or they are nested too deep.
    """
    try:
        mail = BytesParser(policy=compat32).parsebytes(content)
        parts = list(_leaves(mail))
    except RecursionError as error:
        raise Unreadable("its parts are nested too deep") from error
    text = _text(parts)
    return Parsed(
        headers={
            name.lower(): plain(mail.get(name)) for name in ("From", "Subject", "Message-ID", "In-Reply-To")
        },
        to=addresses(mail),
        date=_date(mail.get("Date")),
        text=text[:MOST_TEXT],
        cut=len(text) > MOST_TEXT,
        files=[_file(part, number) for number, part in enumerate(parts) if _is_file(part)],
    )


def plain(value: object) -> str:
    """Return a header's value as text of one line, whatever it was encoded with."""
    raw = str(value or "")
    try:
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):  # ValueError: bad base64, or not of that charset
        text = raw
    return " ".join(_shown(text).split())[:1000]


def addresses(mail: Part) -> list[str]:
    """Return the recipients, To and Cc."""
    found = [*mail.get_all("To", []), *mail.get_all("Cc", [])]
    return [_shown(one) for _, one in getaddresses(map(str, found)) if one][:MOST_ADDRESSES]


def _leaves(mail: Part) -> Iterator[Part]:
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            raise Unreadable(f"it has more than {MOST_PARTS} parts")
        if not part.is_multipart():
            yield part


def _is_file(part: Part) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text"


def _text(parts: list[Part]) -> str:
    """Return the plain text, or where there is none, the letters of the HTML."""
    texts = [part for part in parts if not _is_file(part)]
    chosen = [one for one in texts if one.get_content_subtype() == "plain"]
    said = [_decoded(one) for one in chosen] or [_letters(_decoded(one)) for one in texts]
    return _shown("\n".join(said)).strip()


def _decoded(part: Part) -> str:
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or whose name is no name
        return raw.decode("utf-8", errors="replace")


def _letters(page: str) -> str:
    """Return the text of a page; nothing in it is run, drawn or fetched."""
    if not page.strip():
        return ""
    try:
        parser = html.HTMLParser(no_network=True, huge_tree=False)
        root = html.fromstring(page.encode("utf-8", errors="replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return page
    etree.strip_elements(root, "script", "style", "head", etree.Comment, with_tail=False)
    return _BLANK_LINES.sub("\n\n", "\n".join(str(piece).strip() for piece in root.itertext()))


def _file(part: Part, number: int) -> File:
    content = part.get_payload(decode=True)
    return File(
        name=plain(part.get_filename()) or f"part {number}",
        media_type=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
    )


def _date(value: object) -> str | None:
    try:
        moment = parsedate_to_datetime(str(value))
    except (ValueError, TypeError, OverflowError):
        return None
    # -0000 is UTC too; it only says nothing of the sender's own zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _shown(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
