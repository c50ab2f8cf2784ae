"""Reading and filing by IMAP."""

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  `date` is a field of what is answered

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]  # it ships no types

from tools.mail.answers import AttachedFile, Found, Headline, Mail
from tools.mail.parsing import File, Parsed, parse
from tools.mail.settings import TIMEOUT_S, MailSettings, endpoint
from tools.mail.values import MOST_FOUND

MOST_BYTES = 25 * 2**20
_HEADERS = "BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID IN-REPLY-TO)]"
_HEADERS_KEY = b"BODY[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID IN-REPLY-TO)]"


class MailboxError(Exception):
    """The mailbox cannot do it; the message is for a person."""


@dataclass(frozen=True)
class Search:
    """Which mails are looked for: those that fit all of it; what is empty was not stated."""

    message_id: str = ""
    sender: str = ""
    subject: str = ""
    since: str = ""
    unseen: bool = False
    limit: int = MOST_FOUND

    @property
    def criteria(self) -> list[object]:
        """The search in IMAP's words."""
        found: list[object] = ["UNSEEN" if self.unseen else "ALL"]
        for name, value in (("FROM", self.sender), ("SUBJECT", self.subject)):
            found += [name, value] if value else []
        found += ["HEADER", "Message-ID", self.message_id] if self.message_id else []
        return found + (["SINCE", Date.fromisoformat(self.since)] if self.since else [])


class Mailbox:
    """The account's folders, over one connection."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client

    def folders(self) -> list[str]:
        return sorted(name for flags, _, name in self._client.list_folders() if rb"\Noselect" not in flags)

    def find(self, folder: str, wanted: Search) -> Found:
        """Find the latest mails of a folder."""
        self._client.select_folder(folder, readonly=True)
        numbers = sorted(self._client.search(wanted.criteria, charset="UTF-8"), reverse=True)
        return Found(mails=self._headlines(numbers[: wanted.limit]), more=len(numbers) > wanted.limit)

    def read(self, folder: str, id_: str) -> Mail | None:
        """Read a mail; that it was read is not noted."""
        self._client.select_folder(folder, readonly=True)
        number = self._number(id_)
        if number is None:
            return None
        parsed = self._parsed(number)
        (headline,) = self._headlines([number])
        return Mail(
            headline=headline,
            text=parsed.text,
            cut=parsed.cut,
            attachments=[_attached(file, place) for place, file in enumerate(parsed.files, start=1)],
        )

    def attachment(self, folder: str, id_: str, *, place: int) -> tuple[AttachedFile, bytes] | None:
        """Return the attachment of that number and its bytes."""
        self._client.select_folder(folder, readonly=True)
        number = self._number(id_)
        files = self._parsed(number).files if number is not None else []
        if not 1 <= place <= len(files):
            return None
        return _attached(files[place - 1], place), files[place - 1].content

    def mark_seen(self, folder: str, id_: str) -> bool:
        self._client.select_folder(folder)
        number = self._number(id_)
        if number is not None:
            self._client.add_flags([number], [rb"\Seen"], silent=True)
        return number is not None

    def move(self, id_: str, *, source: str, target: str) -> str | None:
        """Move a mail, or find it moved; return where it lies now."""
        self._client.select_folder(source)
        number = self._number(id_)
        if number is not None:
            self._client.move([number], target)
            return target
        self._client.select_folder(target, readonly=True)
        return target if self._number(id_) is not None else None

    def _number(self, id_: str) -> int | None:
        numbers = self._client.search(["HEADER", "Message-ID", id_])
        if len(numbers) > 1:
            raise MailboxError(f"{len(numbers)} mails there have the id {id_}")
        return int(numbers[0]) if numbers else None

    def _parsed(self, number: int) -> Parsed:
        size = self._client.fetch([number], ["RFC822.SIZE"])[number][b"RFC822.SIZE"]
        if size > MOST_BYTES:
            raise MailboxError(f"the mail has {size:,} bytes; the limit is {MOST_BYTES:,}")
        return parse(self._client.fetch([number], ["BODY.PEEK[]"])[number][b"BODY[]"])

    def _headlines(self, numbers: list[int]) -> list[Headline]:
        if not numbers:
            return []
        found = self._client.fetch(numbers[:MOST_FOUND], ["FLAGS", "RFC822.SIZE", _HEADERS])
        return [_headline(found[number]) for number in numbers if number in found]


@contextmanager
def opened(settings: MailSettings) -> Iterator[Mailbox]:
    """Yield the account's mailbox.

    Raises:
        MailboxError: it cannot be reached, lets us not in, or refuses what it was asked.
    """
    if not settings.imap:
        raise MailboxError("MAIL_IMAP does not say where mail is read")
    where = endpoint(settings.imap, protocol="imap")
    try:
        with _connected(settings, host=where.host, port=where.port, security=where.security) as client:
            yield Mailbox(client)
    except (IMAPClientError, imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"the mail server: {type(error).__name__}: {error}"[:300]) from error


@contextmanager
def _connected(settings: MailSettings, *, host: str, port: int, security: str) -> Iterator[IMAPClient]:
    client = IMAPClient(host, port, ssl=security == "tls", ssl_context=settings.tls(), timeout=TIMEOUT_S)
    try:
        if security == "starttls":
            client.starttls(settings.tls())
        if settings.user:
            client.login(settings.user, settings.secret or "")
        yield client
    finally:
        with suppress(IMAPClientError, imaplib.IMAP4.error, OSError):
            client.logout()


def _headline(row: dict[bytes, object]) -> Headline:
    raw, flags, size = row[_HEADERS_KEY], row[b"FLAGS"], row[b"RFC822.SIZE"]
    parsed = parse(raw if isinstance(raw, bytes) else b"")
    return Headline(
        message_id=parsed.headers["message-id"],
        sender=parsed.headers["from"],
        to=parsed.to,
        subject=parsed.headers["subject"],
        date=parsed.date,
        in_reply_to=parsed.headers["in-reply-to"],
        seen=isinstance(flags, tuple) and rb"\Seen" in flags,
        size=size if isinstance(size, int) else 0,
    )


def _attached(file: File, place: int) -> AttachedFile:
    return AttachedFile(number=place, name=file.name, media_type=file.media_type, size=len(file.content))
