"""Settings, all from the environment; `docs/settings.md` lists them."""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.errors import StartRefused

MAX_DOCUMENT_BYTES = 10 * 1024 * 1024


class Settings(BaseSettings):
    """What an operator decides. Every name is read with the prefix `STEWARD_`, except `DATABASE_URL`."""

    model_config = SettingsConfigDict(env_prefix="STEWARD_", extra="ignore")

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    data: Path = Path(".steward")
    processes: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    erp_port: int = Field(default=0, ge=0, le=65535)
    concurrency: int = Field(default=8, ge=1, le=256)
    max_document_bytes: int = Field(default=MAX_DOCUMENT_BYTES, ge=1024)
    limits: Path | None = None
    policies: Path | None = None
    keep_checkpoints_days: int = Field(default=30, ge=1)
    keep_waiting_steps_days: int = Field(default=7, ge=0)
    log_json: bool = False
    log_level: str = "INFO"


def load_settings(**given: Any) -> Settings:
    """Read the settings; what is given here goes before the environment.

    Raises:
        StartRefused: one has a value that it cannot have.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        variable = name if name.isupper() else f"STEWARD_{name.upper()}"
        raise StartRefused(f"{variable}: {first['msg']}") from error
