"""An authorisation server and a tool server that takes its tokens, as processes, with entries for both."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from tools.credentials.assertions import ISSUER_VARIABLE, KEY_VARIABLE, public_keys
from tools.credentials.signing import load_keys
from tools.registry import ServerEntry

HERE = Path(__file__).parent
STEWARD = "https://steward.example"
SECRET = "canary-client-secret"
# The names under which tests keep secrets.
SECRET_VARIABLE, CLIENT_KEY = "TOKENED_SECRET", "client.pem"


@dataclass
class Issuer:
    """A running authorisation server. What it reads in `folder` may be changed while it runs."""

    url: str
    folder: Path

    @property
    def requests(self) -> list[dict[str, str]]:
        return lines_of(self.folder / "requests")

    def forget_requests(self) -> None:
        (self.folder / "requests").unlink(missing_ok=True)


@dataclass
class Tokened:
    """A running tool server that takes tokens of one issuer."""

    url: str
    folder: Path

    @property
    def calls(self) -> list[dict[str, str]]:
        return lines_of(self.folder / "calls")


def lines_of(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@contextmanager
def running(program: str, *arguments: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that serves HTTP, and kill it at the end."""
    process = subprocess.Popen([sys.executable, str(HERE / program), *arguments])
    try:
        while process.poll() is None:
            try:
                httpx.get(url, timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.03)
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running_issuer(
    folder: Path, *, subject_keys: Path | str = "", port: int = 0, secret: str = SECRET
) -> Iterator[Issuer]:
    """Run an authorisation server that knows `service` by its secret and `signer` by its key."""
    port = port or free_port()
    folder.mkdir(exist_ok=True)
    key = folder / CLIENT_KEY
    if not key.exists():
        key.write_text(pem(ec.generate_private_key(ec.SECP256R1())))
    public = load_keys(SecretStr(key.read_text()), place="the test")[0].public
    clients = {"service": {"secret": secret}, "signer": {"key": public}}
    known = {"clients": clients, "issuers": {STEWARD: str(subject_keys)}}
    (folder / "clients.json").write_text(json.dumps(known))
    url = f"http://127.0.0.1:{port}"
    with running("authorisation_server.py", str(folder), str(port), url=url):
        yield Issuer(url, folder)


@contextmanager
def running_tokened(folder: Path, issuer: Issuer, *, port: int = 0) -> Iterator[Tokened]:
    port = port or free_port()
    folder.mkdir(exist_ok=True)
    url = f"http://127.0.0.1:{port}/mcp"
    with running("tokened_server.py", str(folder), str(port), issuer.url, url=url):
        yield Tokened(url, folder)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def sign_as_steward(folder: Path) -> Path:
    """Give this process keys as a host has them, by the environment; the value is their public halves."""
    file = folder / "identity.pem"
    file.write_text(pem(ec.generate_private_key(ec.SECP256R1())))
    os.environ[KEY_VARIABLE], os.environ[ISSUER_VARIABLE] = str(file), STEWARD
    published = folder / "jwks.json"
    published.write_text(json.dumps({"keys": public_keys()}))
    return published


def tokened(server: Tokened, issuer: Issuer, *, person: bool = False, **oauth: object) -> ServerEntry:
    """An entry for the server: called as `service`, or for persons."""
    client = {"client_id": "service", "client_secret": {"env": SECRET_VARIABLE}}
    return ServerEntry.model_validate(
        {
            "name": "tokened",
            "url": server.url,
            "sandbox": True,
            "pinned": False,
            "timeout_s": 10,
            "identity": {
                "acts_as": "person" if person else "service",
                "oauth": {"issuer": issuer.url, "scope": "tools", **client, **oauth},
            },
            "tools": {"note": "keyed", "echo": "read", "complain": "read"},
        }
    )


def signed(issuer: Issuer) -> dict[str, object]:
    """What an entry says whose client signs who it is."""
    key = {"file": str(issuer.folder / CLIENT_KEY)}
    return {"client_id": "signer", "client_secret": None, "private_key": key}
