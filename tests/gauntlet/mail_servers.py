"""Mail servers as tests start them: an SMTP server that can misbehave, and Debian's IMAP server.

Both keep their mail in one Maildir, so that a test counts there what really went out.
"""

import grp
import mailbox
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "steward", "a-secret-of-the-mail-server"
DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"


@dataclass(frozen=True)
class Certificate:
    """A certificate for this machine and its key; it is its own authority."""

    certificate: Path
    key: Path


def new_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / "mail.crt", folder / "mail.key")
    found.certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return found


@dataclass
class Post:
    """An SMTP server's handler: keeps what is sent, and does not always say so.

    `answer` replaces the reply to a whole mail; `hang_up` keeps the mail and ends the connection instead of
    replying; `refuses` are recipients that it does not know.
    """

    box: Path
    answer: str = "250 taken"
    hang_up: bool = False
    keep: bool = True
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802  aiosmtpd names it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd names it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.keep:
            content = envelope.content
            assert isinstance(content, bytes)
            mailbox.Maildir(self.box).add(content)
        if self.hang_up:
            assert server.transport is not None
            server.transport.abort()
        return self.answer

    @property
    def kept(self) -> list[mailbox.MaildirMessage]:
        return list(mailbox.Maildir(self.box))


@contextmanager
def smtp_server(post: Post, certificate: Certificate | None = None) -> Iterator[int]:
    """Serve SMTP; with a certificate it wants STARTTLS and a login. Yields the port."""
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _let_in,
        }
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    given = (data.login, data.password)
    return AuthResult(success=given == (USER.encode(), PASSWORD.encode()), handled=False)


_DOVECOT = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = required
ssl_cert = <{certificate.certificate}
ssl_key = <{certificate.key}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{box}
first_valid_uid = 1
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Filed {{
    auto = create
  }}
}}
"""


@contextmanager
def imap_server(folder: Path, box: Path, certificate: Certificate) -> Iterator[int]:
    """Serve the Maildir by IMAP with STARTTLS, as a user that is not root. Yields the port."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = folder / "dovecot"
    (home / "run").mkdir(parents=True)
    port = free_port()
    (home / "dovecot.conf").write_text(
        _DOVECOT.format(
            folder=home,
            certificate=certificate,
            user=user.pw_name,
            group=_group(user.pw_gid),
            uid=user.pw_uid,
            gid=user.pw_gid,
            box=box,
            port=port,
            password=PASSWORD,
        )
    )
    _hand_over([home, box, certificate.key, certificate.certificate], uid=user.pw_uid, gid=user.pw_gid)
    with subprocess.Popen(
        [DOVECOT, "-F", "-c", str(home / "dovecot.conf")],
        user=user.pw_uid if os.geteuid() == 0 else None,
        group=user.pw_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
    ) as process:
        try:
            _await_port(port, process, home / "dovecot.log")
            yield port
        finally:
            process.terminate()


def _group(gid: int) -> str:
    return grp.getgrgid(gid).gr_name


def _hand_over(paths: list[Path], *, uid: int, gid: int) -> None:
    for top in paths:
        for path in (top, *top.rglob("*")):
            os.chown(path, uid, gid)


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
                assert one.recv(100).startswith(b"* OK")
            return
        except OSError:
            assert process.poll() is None, log.read_text() if log.exists() else "dovecot ended"
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
