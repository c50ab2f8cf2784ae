"""Secrets by reference: servers.toml says where one is, and never what it is."""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tools.errors import SecretMissing


class Reference(BaseModel):
    """Where a secret is: in an environment variable (`env`), or a file (`file`), less its last line end."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    env: str | None = Field(default=None, min_length=1)
    file: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is in one place: env, or file")
        return self

    def read(self) -> SecretStr:
        """Return what is there now, so that a rotated secret is used without a restart.

        Raises:
            SecretMissing: nothing is.
        """
        found = _content(Path(self.file)) if self.file else os.environ.get(self.env or "")
        if not found:
            raise SecretMissing(f"there is no secret in {self}")
        return SecretStr(found)

    def __str__(self) -> str:
        return f"the file {self.file}" if self.file else f"the variable {self.env}"


def _content(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None
