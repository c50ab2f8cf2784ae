"""A server on this machine that counts who comes, in clear or over TLS with a certificate of its own."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@dataclass
class Visited:
    """A server, and what it saw: connections, request heads, and the names that TLS asked for."""

    port: int
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)


@asynccontextmanager
async def secured(folder: Path, *, name: str = "localhost") -> AsyncIterator[tuple[Visited, ssl.SSLContext]]:
    """Serve over TLS as `name`; the value is the server and a context that trusts it."""
    certificate, key = _certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with visited(tls=context) as seen:
        context.sni_callback = lambda _, asked, __: seen.names.append(asked)
        yield seen, ssl.create_default_context(cafile=str(certificate))


@asynccontextmanager
async def visited(*, answer: bytes = OK, tls: ssl.SSLContext | None = None) -> AsyncIterator[Visited]:
    """Serve the same answer to everybody who comes."""
    seen = Visited(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        with suppress(ConnectionError):
            writer.write(answer)
            await writer.drain()
            writer.close()

    def connected() -> asyncio.StreamReaderProtocol:
        seen.connections += 1
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), serve)

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        seen.port = server.sockets[0].getsockname()[1]
        yield seen


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files
