"""A secret in every place where the host has one, and the servers that are called with them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from gossiping_server import TOOLS
from identities import STEWARD, free_port, pem, running, running_issuer
from pydantic import SecretStr

from tools.credentials.assertions import ISSUER_VARIABLE, KEY_VARIABLE
from tools.credentials.signing import load_keys

HERE = Path(__file__).resolve().parent
SERVERS = (
    "by_header",
    "by_file",
    "by_address",
    "as_service",
    "as_signer",
    "as_person",
    "without_token",
    "started",
)

ENTRY = """
[{name}]
sandbox = true
pinned = false
timeout_s = 5
{how}
[{name}.tools]
{tools}
"""


@dataclass
class Places:
    """The secrets by the name of their place, and what a host needs in its environment to use them."""

    folder: Path
    canaries: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def canary(self, place: str) -> str:
        self.canaries[place] = f"canary-{place}-{secrets.token_hex(12)}".replace("_", "-")
        return self.canaries[place]

    def variable(self, name: str) -> str:
        """Put a secret into a variable of the host."""
        self.environment[name] = self.canary(name.lower())
        return self.environment[name]

    def file(self, name: str) -> Path:
        """Put a secret into a file."""
        file = self.folder / name
        file.write_text(self.canary(name))
        return file

    def key(self, file: Path) -> Path:
        """Put a private key into a file; every line of it is a secret."""
        file.write_text(pem(rsa.generate_private_key(65537, 2048)))
        for number, line in enumerate(file.read_text().splitlines()[1:-2]):
            self.canaries[f"{file.name} line {number}"] = line
        return file

    def found_in(self, text: bytes) -> list[str]:
        """Name the places whose secrets stand in the text."""
        return [place for place, canary in self.all_canaries() if canary.encode() in text]

    def all_canaries(self) -> list[tuple[str, str]]:
        """Return the secrets, with those that the authorisation servers have seen meanwhile."""
        seen = [
            (f"token of {file.parent.name}", line.rpartition(".")[2])
            for file in self.folder.glob("*/seen")
            for line in file.read_text().splitlines()
        ]
        return [*self.canaries.items(), *set(seen)]


@contextmanager
def secret_places(folder: Path) -> Iterator[Places]:
    """Run the servers, and write the file that tells of them, with the gauntlet's own servers before."""
    places = Places(folder)
    with ExitStack() as stack:
        entries = _entries(places, stack)
        file = folder / "servers.toml"
        file.write_text((HERE / "servers.toml").read_text() + "".join(entries))
        places.environment["STEWARD_SERVERS"] = str(file)
        yield places


def _entries(places: Places, stack: ExitStack) -> Iterator[str]:
    address = _gossip(stack)
    places.variable("BY_HEADER")
    key = places.file("by_file")
    yield _entry("by_header", f'url = "{address}"\nidentity.headers.X-Key = {{env = "BY_HEADER"}}')
    yield _entry("by_file", f'url = "{address}"\nidentity.headers.Authorization = {_bearer(key)}')
    places.environment["BY_ADDRESS"] = f"{address}?key={places.canary('by_address')}"
    yield _entry("by_address", 'url_env = "BY_ADDRESS"')
    yield from _entries_with_tokens(places, stack, address)
    places.variable("STARTED")
    command = json.dumps(["python", str(HERE / "gossiping_server.py")])
    variables = 'identity.variables.API_KEY = {env = "STARTED"}'
    yield _entry("started", f"command = {command}\n{variables}")


def _entries_with_tokens(places: Places, stack: ExitStack, address: str) -> Iterator[str]:
    issuer_folder = places.folder / "issuer"
    issuer_folder.mkdir()
    places.key(issuer_folder / "client.pem")
    identity = places.key(places.folder / "identity.pem")
    published = places.folder / "jwks.json"
    public = [key.public for key in load_keys(SecretStr(identity.read_text()), place="the test")]
    published.write_text(json.dumps({"keys": public}))
    places.environment |= {KEY_VARIABLE: str(identity), ISSUER_VARIABLE: STEWARD}
    secret = places.variable("CLIENT_SECRET")
    issuer = stack.enter_context(running_issuer(issuer_folder, subject_keys=published, secret=secret))
    sick = stack.enter_context(running_issuer(places.folder / "sick", subject_keys=published, secret=secret))
    (sick.folder / "fail").write_text("401")
    by_secret = 'client_id = "service", client_secret = {env = "CLIENT_SECRET"}'
    by_key = f'client_id = "signer", private_key = {{file = "{issuer_folder / "client.pem"}"}}'
    for name, url, client, acts_as in (
        ("as_service", issuer.url, by_secret, "service"),
        ("as_signer", issuer.url, by_key, "service"),
        ("as_person", issuer.url, by_secret, "person"),
        ("without_token", sick.url, by_secret, "person"),
    ):
        oauth = f'identity.oauth = {{issuer = "{url}", {client}}}\nidentity.acts_as = "{acts_as}"'
        yield _entry(name, f'url = "{address}"\n{oauth}')


def _gossip(stack: ExitStack) -> str:
    port = free_port()
    address = f"http://127.0.0.1:{port}/mcp"
    stack.enter_context(running("gossiping_server.py", "--http", str(port), url=address))
    return address


def _entry(name: str, how: str) -> str:
    tools = "\n".join(f'{tool} = "keyed"' for tool in TOOLS)
    return ENTRY.format(name=name, how=how, tools=tools)


def _bearer(key: Path) -> str:
    return f'{{file = "{key}", scheme = "Bearer"}}'
