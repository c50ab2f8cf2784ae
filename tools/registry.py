"""servers.toml: which tool servers there are, how they are reached, and what each tool's contract is."""

import os
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from tools.contracts import DataClass, Record, Seconds, ToolEntry
from tools.credentials.identity import Identity
from tools.credentials.oauth import is_safe
from tools.errors import ServersInvalid, UnknownTool
from tools.sessions.breaker import BreakerLimits

SERVERS = Path(__file__).with_name("servers.toml")
VARIABLE = "STEWARD_SERVERS"


class ServerEntry(BaseModel):
    """One tool server as servers.toml describes it; the comment at the top of that file says what is what."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    # A tool is named `server.tool`, so that no dot may stand in the name of a server.
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    file: Path | None = None
    fixed_url: str | None = Field(default=None, alias="url")
    url_env: str | None = Field(default=None, min_length=1)
    command: list[str] = []
    env: list[str] = []
    identity: Identity = Identity()
    sandbox: bool
    pinned: bool = True
    timeout_s: Seconds
    concurrency: int = Field(default=16, ge=1, le=1000)
    breaker: BreakerLimits = BreakerLimits()
    data_class: DataClass = "personal"
    tools: dict[str, ToolEntry]
    record: Record | None = None

    @field_validator("fixed_url")
    @classmethod
    def _holds_no_secret(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("an address begins with http:// or https:// and a host")
            if "@" in parts.netloc or parts.query or parts.fragment:
                raise ValueError("user, password and query may be secrets: name a variable in url_env")
        return url

    @model_validator(mode="after")
    def _is_reached_in_one_way(self) -> Self:
        if self.fixed_url is None and self.url_env is None and not self.command:
            raise ValueError("field url, url_env, command: it needs one of them")
        if self.fixed_url is not None and (self.url_env is not None or self.command):
            raise ValueError("field url: a server with an address has no url_env and no command")
        if self.identity.variables and not self.command:
            raise ValueError("field identity.variables: only a server that is started has them")
        if self.identity.headers and self.fixed_url is None and self.url_env is None:
            raise ValueError("field identity.headers: only a server with an address gets them")
        if self.identity.oauth and self.command:
            raise ValueError("field identity.oauth: a server that is started takes no token")
        if self.identity.oauth and self.fixed_url and not is_safe(self.fixed_url):
            raise ValueError("field url: a token goes to an address with https:// only")
        return self

    @model_validator(mode="after")
    def _goes_unapproved_only_as_a_sandbox(self) -> Self:
        if not (self.pinned or self.sandbox):
            raise ValueError("field pinned: only a sandbox may go without approval")
        return self

    @model_validator(mode="after")
    def refers_to_tools_of_its_own(self) -> Self:
        for name, tool in self.tools.items():
            if tool.lookup and not self._is(tool.lookup.tool, reading=True):
                raise ValueError(
                    f"field tools.{name}.lookup.tool: {tool.lookup.tool!r} is not listed as read"
                )
            if tool.compensated_by and not self._is(tool.compensated_by.tool, reading=False):
                raise ValueError(
                    f"field tools.{name}.compensated_by.tool: {tool.compensated_by.tool!r} is no"
                    " consequential tool of this server"
                )
        if self.record and not self._is(self.record.tool, reading=True):
            raise ValueError(f"field record.tool: {self.record.tool!r} is not listed as read")
        return self

    def _is(self, tool: str, *, reading: bool) -> bool:
        return tool in self.tools and (self.tools[tool].contract == "read") == reading

    def tool(self, tool: str) -> ToolEntry:
        """Return what the file says of the tool.

        Raises:
            UnknownTool: the tool is not listed.
        """
        if tool not in self.tools:
            raise UnknownTool(f"{tool!r} is not listed under [{self.name}.tools] in servers.toml")
        return self.tools[tool]

    @property
    def lock_file(self) -> Path | None:
        """Where what is approved of its tools is written down: beside the file that the server stands in."""
        return self.file.with_suffix(".lock.json") if self.file else None

    def timeout_of(self, tool: str) -> float:
        """Return how long a call of the tool may take, in seconds."""
        return self.tool(tool).timeout_s or self.timeout_s

    def data_class_of(self, tool: str) -> DataClass:
        """Return what the tool's answers hold."""
        return self.tool(tool).data_class or self.data_class

    @property
    def longest_s(self) -> float:
        """How long the slowest of its tools may take."""
        return max([self.timeout_s, *(tool.timeout_s or 0.0 for tool in self.tools.values())])

    @property
    def url(self) -> str | None:
        """Where the server runs already, as the environment says now."""
        if self.fixed_url is not None:
            return self.fixed_url
        return os.environ.get(self.url_env) or None if self.url_env else None

    @property
    def argv(self) -> list[str]:
        return [sys.executable if part == "python" else part for part in self.command]

    def secrets(self) -> list[SecretStr]:
        """Read what a server is sent of ours and nobody else may see, also in its address.

        A variable under `env` is a setting and no secret: what it says may well stand in an answer.

        Raises:
            SecretMissing: a secret cannot be read.
        """
        parts = urlsplit(self.url or "")
        in_address = [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
        return [*map(SecretStr, in_address), *self.identity.secrets(self.name)]

    @property
    def environment(self) -> dict[str, str]:
        """What a started server sees: the variables it may, and for our own the packages beside `tools`."""
        seen = {name: os.environ[name] for name in self.env if name in os.environ}
        if "python" not in self.command:
            return seen
        beside = str(Path(__file__).parents[1])
        return {"PYTHONPATH": os.pathsep.join(filter(None, (beside, os.environ.get("PYTHONPATH")))), **seen}


def load_servers(path: Path) -> dict[str, ServerEntry]:
    """Read a file of servers, by name.

    Raises:
        ServersInvalid: there is no such file, it is no TOML, or a field is missing, unknown or wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ServersInvalid(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ServersInvalid(f"{path.name}: {error}") from error
    return {name: _entry(name, table, file=path) for name, table in content.items()}


def _entry(name: str, table: object, *, file: Path) -> ServerEntry:
    if not isinstance(table, dict):
        raise ServersInvalid(f"{file.name}: {name!r} is not a server but a single value")
    for taken in ("name", "file", "fixed_url"):
        if taken in table:
            raise ServersInvalid(f"{file.name}: server {name!r}, field {taken}: there is no such field")
    try:
        return ServerEntry.model_validate({**table, "name": name, "file": file})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        place = f"field {'.'.join(map(str, first['loc']))}: " if first["loc"] else ""
        raise ServersInvalid(f"{file.name}: server {name!r}, {place}{message}") from error


@cache
def our_servers() -> dict[str, ServerEntry]:
    """Return the servers of the file beside this one, and over them those of the operator's own file."""
    theirs = os.environ.get(VARIABLE)
    servers = {**load_servers(SERVERS), **(load_servers(Path(theirs)) if theirs else {})}
    for server in servers.values():
        _check_witnesses(server, servers=servers)
    return servers


def _check_witnesses(server: ServerEntry, *, servers: dict[str, ServerEntry]) -> None:
    """Refuse a witness that cannot be one: its tool is not listed as read, by whichever server."""
    for name, tool in server.tools.items():
        for path, witnesses in tool.witnesses.items():
            for witness in witnesses:
                theirs, _, reading = witness.tool.partition(".")
                listed = servers[theirs].tools.get(reading) if theirs in servers else None
                if listed is None or listed.contract != "read":
                    raise ServersInvalid(
                        f"server {server.name!r}, field tools.{name}.witnesses.{path}: {witness.tool!r} is"
                        " not listed as read"
                    )
