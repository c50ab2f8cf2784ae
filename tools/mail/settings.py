"""The account, as the environment describes it (docs/mail.md)."""

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

TIMEOUT_S = 20.0
_SCHEMES: dict[str, tuple[Literal["tls", "starttls"], int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "imap": ("starttls", 143),
    "imaps": ("tls", 993),
}


class MailSettings(BaseSettings):
    """Where the mail server is, who we are there, and to whom we may write."""

    model_config = SettingsConfigDict(env_prefix="MAIL_", extra="ignore", populate_by_name=True)

    smtp: str | None = None
    imap: str | None = None
    user: str | None = None
    password_file: Path | None = None
    sender: str | None = Field(default=None, validation_alias="MAIL_FROM")
    recipients: str = ""
    ca_file: Path | None = None

    @property
    def secret(self) -> str | None:
        """The password, read anew each time, so that a new one in the file counts at once."""
        return self.password_file.read_text(encoding="utf-8").rstrip("\r\n") if self.password_file else None

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts the system's authorities, or those in the file alone."""
        return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)

    def admits(self, address: str) -> bool:
        """Say whether the operator lets us write to this address; without a list we write to nobody."""
        listed = {one.strip().lower() for one in self.recipients.split(",")}
        domain = "@" + address.rpartition("@")[2]
        return not listed.isdisjoint({"*", address.lower(), domain.lower()})


@dataclass(frozen=True)
class Endpoint:
    """A mail server's address, and how the connection is kept private."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]


def endpoint(url: str, *, protocol: Literal["smtp", "imap"]) -> Endpoint:
    """Read an address such as `smtps://mail.example.com` or `imap://mail.example.com:143`.

    Raises:
        ValueError: it is none, or would send mail in the clear over a network.
    """
    parts = urlsplit(url)
    if parts.scheme not in (protocol, f"{protocol}s") or not parts.hostname:
        raise ValueError(f"{url!r} is not {protocol}://HOST[:PORT] or {protocol}s://HOST[:PORT]")
    if parts.username or parts.password:
        raise ValueError("the account is MAIL_USER and MAIL_PASSWORD, and not a part of the address")
    security, port = _SCHEMES[parts.scheme]
    if parse_qs(parts.query).get("tls") == ["off"]:
        if not _is_loopback(parts.hostname):
            raise ValueError(f"?tls=off is for this machine only, and {parts.hostname} is another")
        return Endpoint(parts.hostname, parts.port or port, "none")
    return Endpoint(parts.hostname, parts.port or port, security)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
