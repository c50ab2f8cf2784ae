"""The account as MCP tools."""

import asyncio
import base64
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from mcp.server.fastmcp import Context
from mcp.server.fastmcp.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from tools.contracts import KEY_IN_META
from tools.mail.answers import FileAnswer, Folders, Found, MailAnswer, Marked, Placed, Sent
from tools.mail.composing import compose, message_id
from tools.mail.mailbox import Search, opened
from tools.mail.sending import NotTaken, send
from tools.mail.settings import MailSettings
from tools.mail.values import (
    MOST_ATTACHMENTS,
    MOST_FOUND,
    MOST_RECIPIENTS,
    MOST_TEXT,
    Address,
    Attachment,
    Folder,
    Line,
    MessageId,
)
from tools.serving import strict

Call = Context[Any, Any, Any]
Id = Annotated[MessageId, Field(min_length=3)]


class Tools:
    """The tools over one account. Each works in a thread with a connection of its own."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def listed(self) -> list[Tool]:
        reading = ToolAnnotations(readOnlyHint=True, openWorldHint=True)
        filing = ToolAnnotations(readOnlyHint=False, destructiveHint=False, idempotentHint=True)
        sending = ToolAnnotations(readOnlyHint=False, idempotentHint=False, openWorldHint=True)
        readers: list[Callable[..., Any]] = [
            self.list_folders,
            self.find_mails,
            self.read_mail,
            self.read_attachment,
        ]
        return [
            *(strict(tool, reading) for tool in readers),
            *(strict(tool, filing) for tool in (self.mark_seen, self.move_mail)),
            strict(self.send_mail, sending),
        ]

    async def list_folders(self) -> Folders:
        """List the folders of the account."""

        def work() -> Folders:
            with opened(self._settings) as mailbox:
                return Folders(folders=mailbox.folders())

        return await asyncio.to_thread(work)

    async def find_mails(
        self,
        folder: Folder = "INBOX",
        message_id: MessageId = "",
        reference: Line = "",
        sender: Line = "",
        subject: Line = "",
        since: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = "",
        unseen: bool = False,
        limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 20,
    ) -> Found:
        """Find the latest mails of a folder that fit everything that is stated.

        `reference` finds what `send_mail` sent under it, where the folder holds sent mail. Sender and subject
        fit where they hold these letters; `since` goes by the day on which the mail arrived.
        """
        id_ = message_id or (self._id(key="", reference=reference) if reference else "")
        wanted = Search(id_, sender, subject, since, unseen, limit)

        def work() -> Found:
            with opened(self._settings) as mailbox:
                return mailbox.find(folder, wanted)

        return await asyncio.to_thread(work)

    async def read_mail(self, message_id: Id, folder: Folder = "INBOX") -> MailAnswer:
        """Read a mail: its text without pictures and layout, and what is attached to it.

        Nothing that the mail points to is fetched, and that it was read is not noted.
        """

        def work() -> MailAnswer:
            with opened(self._settings) as mailbox:
                return MailAnswer(mail=mailbox.read(folder, message_id))

        return await asyncio.to_thread(work)

    async def read_attachment(
        self, message_id: Id, number: Annotated[int, Field(ge=1)], folder: Folder = "INBOX"
    ) -> FileAnswer:
        """Get an attachment of a mail by the number that `read_mail` gives it."""

        def work() -> FileAnswer:
            with opened(self._settings) as mailbox:
                found = mailbox.attachment(folder, message_id, place=number)
            file, content = found or (None, b"")
            return FileAnswer(file=file, content_base64=base64.b64encode(content).decode())

        return await asyncio.to_thread(work)

    async def mark_seen(self, message_id: Id, folder: Folder = "INBOX") -> Marked:
        """Mark a mail as seen; a repeat changes nothing and answers the same."""

        def work() -> Marked:
            with opened(self._settings) as mailbox:
                return Marked(found=mailbox.mark_seen(folder, message_id))

        return await asyncio.to_thread(work)

    async def move_mail(self, message_id: Id, target: Folder, folder: Folder = "INBOX") -> Placed:
        """Move a mail to another folder; a repeat finds it there and answers the same."""

        def work() -> Placed:
            with opened(self._settings) as mailbox:
                return Placed(folder=mailbox.move(message_id, source=folder, target=target))

        return await asyncio.to_thread(work)

    async def send_mail(
        self,
        context: Call,
        to: Annotated[list[Address], Field(min_length=1, max_length=MOST_RECIPIENTS)],
        subject: Line,
        text: Annotated[str, Field(max_length=MOST_TEXT)],
        cc: Annotated[list[Address], Field(max_length=MOST_RECIPIENTS)] = [],  # noqa: B006  never changed
        in_reply_to: MessageId = "",
        attachments: Annotated[list[Attachment], Field(max_length=MOST_ATTACHMENTS)] = [],  # noqa: B006  never changed
        reference: Line = "",
    ) -> Sent:
        """Send a mail of plain text to all of its recipients or to none.

        A mail that certainly did not go out is an answer with status "refused", a code and a message; an
        error means that it may have gone out. Its id is made of `reference`, if one is stated, and is then
        the same for every mail of that reference: `find_mails` finds it.
        """
        id_ = self._id(key=_key(context), reference=reference)
        refused = [one for one in (*to, *cc) if not self._settings.admits(one)]
        if refused:
            message = f"MAIL_RECIPIENTS does not admit {', '.join(refused)}"
            return Sent(status="refused", message_id=id_, code="recipient_not_allowed", message=message)
        mail = compose(
            sender=self._settings.sender or "",
            to=to,
            cc=cc,
            subject=subject,
            text=text,
            id_=id_,
            in_reply_to=in_reply_to,
            attachments=attachments,
        )
        handing_over = partial(
            send, self._settings, mail, sender=self._settings.sender or "", recipients=[*to, *cc]
        )
        try:
            await asyncio.to_thread(handing_over)
        except NotTaken as error:
            return Sent(status="refused", message_id=id_, code=error.code, message=str(error))
        return Sent(status="sent", message_id=id_)

    def _id(self, *, key: str, reference: str) -> str:
        domain = (self._settings.sender or "@localhost").rpartition("@")[2]
        return message_id(key=key, reference=reference, domain=domain)


def _key(context: Call) -> str:
    meta = context.request_context.meta
    key = (meta.model_extra or {}).get(KEY_IN_META) if meta else None
    return key if isinstance(key, str) else ""
