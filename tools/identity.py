"""How we present ourselves to a tool server: by secrets that servers.toml refers to and never holds."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from tools.contracts import Table
from tools.errors import NotSent

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=200)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]

# What the transport itself says in a header; ours would make it say something else.
_OF_THE_TRANSPORT = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "last-event-id"}
    | {"mcp-protocol-version", "mcp-session-id", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Reference(Table):
    """Where a secret stands: in an environment variable of ours, or in a file.

    `scheme` is the word before it in a header, such as `Bearer`.
    """

    env: VariableName | None = None
    file: str | None = Field(default=None, min_length=1)
    scheme: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]{0,19}$")

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is referred to by either env or file")
        return self

    def resolve(self, what: str) -> SecretStr:
        """Read the secret; `what` it is for stands in the error, its value in none.

        Raises:
            NotSent: it cannot be read, or is empty or of more than one line.
        """
        value = self._read(what).strip()
        if not value or not value.isprintable() or not value.isascii():
            raise NotSent(f"{what}: {self.place} must hold one line of printable ASCII")
        return SecretStr(f"{self.scheme} {value}" if self.scheme else value)

    @property
    def place(self) -> str:
        """Where it stands, in words that may be shown."""
        return f"variable {self.env}" if self.env else f"file {self.file}"

    @property
    def stamp(self) -> int:
        """Return what changes when the file is written anew, and a session should know it."""
        try:
            return os.stat(self.file).st_mtime_ns if self.file else 0
        except OSError:
            return 0

    def _read(self, what: str) -> str:
        if self.env is not None:
            if self.env not in os.environ:
                raise NotSent(f"{what}: {self.place} is not set")
            return os.environ[self.env]
        try:
            return Path(self.file or "").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotSent(f"{what}: {self.place} cannot be read ({type(error).__name__})") from None


class Identity(Table):
    """What a server learns of who is calling.

    `headers` go with every request to a server that is reached over HTTP; `variables` are set in the
    environment of one that we start.
    """

    headers: dict[HeaderName, Reference] = Field(default={})
    variables: dict[VariableName, Reference] = Field(default={})

    @field_validator("headers")
    @classmethod
    def _leaves_the_transport_alone(cls, headers: dict[str, Reference]) -> dict[str, Reference]:
        if taken := sorted(name for name in headers if name.lower() in _OF_THE_TRANSPORT):
            raise ValueError(f"the transport itself sets {', '.join(taken)}")
        return headers

    @field_validator("variables")
    @classmethod
    def _are_bare(cls, variables: dict[str, Reference]) -> dict[str, Reference]:
        if any(reference.scheme for reference in variables.values()):
            raise ValueError("only a header has a scheme")
        return variables

    @property
    def described(self) -> str:
        """Say how we present ourselves, without a secret."""
        headers = [f"header {name}" for name in self.headers]
        return ", ".join([*headers, *(f"variable {name}" for name in self.variables)]) or "none"

    @property
    def stamp(self) -> tuple[int, ...]:
        """Return what changes when a file with a secret does: a session from before then is of no use."""
        return tuple(reference.stamp for reference in (*self.headers.values(), *self.variables.values()))

    def resolved_headers(self, server: str) -> dict[str, str]:
        """Read the secrets of the headers.

        Raises:
            NotSent: one of them cannot be read.
        """
        return _resolved(self.headers, what=f"{server}: header")

    def resolved_variables(self, server: str) -> dict[str, str]:
        """Read the secrets of the variables; raises as `resolved_headers`."""
        return _resolved(self.variables, what=f"{server}: variable")


def _resolved(references: dict[str, Reference], *, what: str) -> dict[str, str]:
    return {
        name: reference.resolve(f"{what} {name}").get_secret_value() for name, reference in references.items()
    }
