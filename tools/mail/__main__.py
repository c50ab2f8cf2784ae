"""Start the mail tools: `python -m tools.mail --http 127.0.0.1:8766` or `python -m tools.mail --stdio`."""

import argparse

from pydantic import ValidationError

from tools.mail.mcp_tools import Tools
from tools.mail.settings import MailSettings, endpoint
from tools.mail.values import checked_address
from tools.serving import add_transport, serve

INSTRUCTIONS = "One mail account: sends plain mail, finds, reads and files what came in."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.mail", description=__doc__)
    add_transport(parser)
    arguments = parser.parse_args()
    try:
        settings = _checked(MailSettings())
    except (ValueError, OSError) as refused:
        raise SystemExit(_reason(refused)) from None  # the settings hold a secret, which a trace would show
    serve("mail", Tools(settings).listed(), instructions=INSTRUCTIONS, arguments=arguments)


def _checked(settings: MailSettings) -> MailSettings:
    """Refuse at the start what no call could work with.

    Raises:
        ValueError, OSError: the address of a server, the sender, the password's file or the authorities'.
    """
    if settings.smtp:
        endpoint(settings.smtp, protocol="smtp")
        checked_address(settings.sender or "")
    if settings.imap:
        endpoint(settings.imap, protocol="imap")
    _ = settings.secret, settings.tls()
    return settings


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"MAIL_{one['loc'][0]}: {one['msg']}" for one in error.errors())
    return f"mail: {error}"


if __name__ == "__main__":
    main()
