"""Sending by SMTP: a mail goes to all of its recipients or to none, and a lost word is said to be lost."""

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from tools.mail.answers import RefusalCode
from tools.mail.settings import TIMEOUT_S, MailSettings, endpoint

OK = 250
MOVED = 251  # the server forwards for this recipient
SHOWN_CHARACTERS = 300


class NotTaken(Exception):
    """The mail certainly did not go out; the message is for a person."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unanswered(Exception):
    """The whole mail was on its way when the server's word was lost: it may have gone out."""


def send(settings: MailSettings, mail: EmailMessage, *, sender: str, recipients: Sequence[str]) -> None:
    """Hand the mail over to the server.

    Raises:
        NotTaken: it did not take it.
        Unanswered: it may have.
    """
    with _session(settings) as smtp:
        code, said = smtp.mail(sender)
        if code != OK:
            raise NotTaken("sender_refused", f"{sender}: {_shown(code, said)}")
        for recipient in recipients:
            code, said = smtp.rcpt(recipient)
            if code not in (OK, MOVED):
                raise NotTaken("recipient_refused", f"{recipient}: {_shown(code, said)}")
        _hand_over(smtp, mail.as_bytes())


@contextmanager
def _session(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    """Yield a private session of our account; whatever ends it before the mail's text means: not taken."""
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _connected(settings)
        yield smtp
    except smtplib.SMTPNotSupportedError as error:
        raise NotTaken("not_private", f"the server offers no STARTTLS or no login: {error}") from error
    except smtplib.SMTPResponseException as error:
        raise NotTaken("refused", _shown(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotTaken("unavailable", f"{type(error).__name__}: {error}"[:SHOWN_CHARACTERS]) from error
    finally:
        if smtp is not None:
            smtp.close()


def _connected(settings: MailSettings) -> smtplib.SMTP:
    if not settings.smtp or not settings.sender:
        raise NotTaken("unavailable", "MAIL_SMTP and MAIL_FROM do not say where mail goes out, and from whom")
    where = endpoint(settings.smtp, protocol="smtp")
    us = settings.sender.rpartition("@")[2]
    if where.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            where.host, where.port, us, timeout=TIMEOUT_S, context=settings.tls()
        )
    else:
        smtp = smtplib.SMTP(where.host, where.port, us, timeout=TIMEOUT_S)
    try:
        if where.security == "starttls":
            smtp.starttls(context=settings.tls())
        smtp.ehlo_or_helo_if_needed()
        if settings.user:
            smtp.login(settings.user, settings.secret or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _hand_over(smtp: smtplib.SMTP, text: bytes) -> None:
    try:
        code, said = smtp.data(text)
    except smtplib.SMTPDataError as error:
        raise NotTaken("refused", _shown(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unanswered(f"the mail server's word was lost ({type(error).__name__})") from error
    if code != OK:
        raise NotTaken("refused", _shown(code, said))
    with suppress(
        smtplib.SMTPException, OSError
    ):  # it is taken; whether the server hears us leave is nothing
        smtp.quit()


def _shown(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"the server says {code} {text}"[:SHOWN_CHARACTERS]
