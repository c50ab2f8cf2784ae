"""Writing a mail: plain text and files, headers that nobody can break out of."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from uuid import uuid4

from tools.mail.values import MOST_ATTACHED_BYTES, Attachment


def message_id(*, key: str, reference: str, domain: str) -> str:
    """Return the id of a mail: the same for every try of one effect, or for one business reference.

    Whoever must find out whether a mail went out looks for it.
    """
    name = reference or key
    local = hashlib.sha256(name.encode()).hexdigest()[:32] if name else uuid4().hex
    return f"<{local}.steward@{domain}>"


def compose(
    *,
    sender: str,
    to: Sequence[str],
    cc: Sequence[str],
    subject: str,
    text: str,
    id_: str,
    in_reply_to: str,
    attachments: Sequence[Attachment],
) -> EmailMessage:
    """Return the mail.

    Raises:
        ValueError: an attachment is no base64, or all together are too large.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(to), subject
    if cc:
        mail["Cc"] = ", ".join(cc)
    mail["Date"], mail["Message-ID"] = formatdate(usegmt=True), id_
    if in_reply_to:
        mail["In-Reply-To"] = mail["References"] = in_reply_to
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers a program
    mail.set_content(text)
    for content, attachment in zip(_contents(attachments), attachments, strict=True):
        main, _, sub = attachment.media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=attachment.name)
    return mail


def _contents(attachments: Sequence[Attachment]) -> list[bytes]:
    contents: list[bytes] = []
    for number, attachment in enumerate(attachments):
        try:
            contents.append(base64.b64decode(attachment.content_base64, validate=True))
        except binascii.Error as error:
            raise ValueError(f"attachments.{number}.content_base64: it is no base64") from error
    if (size := sum(map(len, contents))) > MOST_ATTACHED_BYTES:
        raise ValueError(f"attachments: {size:,} bytes; the limit is {MOST_ATTACHED_BYTES:,}")
    return contents
