"""What the mail server's tools answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from tools.mail.values import Outside

RefusalCode = Literal[
    "recipient_not_allowed", "recipient_refused", "sender_refused", "refused", "unavailable", "not_private"
]


class Sent(BaseModel):
    """A mail that the server took over, or one that it certainly did not."""

    status: Literal["sent", "refused"]
    message_id: str
    code: RefusalCode | None = None
    message: str | None = None


class Folders(BaseModel):
    """The folders of the account."""

    folders: list[str]


class Headline(BaseModel):
    """A mail in a list. `date` is what its sender claims; null if that is no date."""

    message_id: Outside
    sender: Outside
    to: list[Outside]
    subject: Outside
    date: str | None
    in_reply_to: Outside
    seen: bool
    size: Annotated[int, Field(description="In bytes, as it lies in the folder.")]


class Found(BaseModel):
    """The latest mails that fit, latest first; `more` says that there are others."""

    mails: list[Headline]
    more: bool


class AttachedFile(BaseModel):
    """What is attached to a mail; `number` is what `read_attachment` asks for."""

    number: int
    name: Outside
    media_type: Outside
    size: int


class Mail(BaseModel):
    """A mail, its text plain and cut at `MOST_TEXT` characters; nothing that it points to was fetched."""

    headline: Headline
    text: Outside
    cut: bool
    attachments: list[AttachedFile]


class MailAnswer(BaseModel):
    """The mail that was asked for, if it is there."""

    mail: Mail | None


class FileAnswer(BaseModel):
    """The attachment that was asked for, if it is there."""

    file: AttachedFile | None
    content_base64: str


class Placed(BaseModel):
    """Where a mail lies now; null if it lies in neither folder."""

    folder: str | None


class Marked(BaseModel):
    """Whether the mail was there to be marked."""

    found: bool
