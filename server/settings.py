"""Settings, all from the environment; `docs/settings.md` lists them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MAX_DOCUMENT_BYTES = 10 * 1024 * 1024


class Settings(BaseSettings):
    """What an operator decides. Every name is read with the prefix `STEWARD_`, except `DATABASE_URL`."""

    model_config = SettingsConfigDict(env_prefix="STEWARD_", extra="ignore")

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    data: Path = Path(".steward")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    erp_port: int = Field(default=0, ge=0, le=65535)
    concurrency: int = Field(default=8, ge=1, le=256)
    max_document_bytes: int = Field(default=MAX_DOCUMENT_BYTES, ge=1024)
    log_json: bool = False
    log_level: str = "INFO"
