"""Secrets by reference: servers.toml says where one stands, and never what it is."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from tools.contracts import Table
from tools.errors import SecretMissing

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]


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
            SecretMissing: it cannot be read, or is empty or of more than one line.
        """
        value = self._read(what).strip()
        if not value or not value.isprintable() or not value.isascii():
            raise SecretMissing(f"{what}: {self.place} must hold one line of printable ASCII")
        return SecretStr(f"{self.scheme} {value}" if self.scheme else value)

    def resolve_text(self, what: str) -> SecretStr:
        """Read a secret of several lines, such as a key in PEM; raises as `resolve` does."""
        return SecretStr(self._read(what))

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
                raise SecretMissing(f"{what}: {self.place} is not set")
            return os.environ[self.env]
        try:
            return Path(self.file or "").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(f"{what}: {self.place} cannot be read ({type(error).__name__})") from None
