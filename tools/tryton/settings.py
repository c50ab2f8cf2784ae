"""What an operator says of a Tryton, all from the environment; `docs/tryton.md` lists it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TAX = "Input tax as billed"


@dataclass(frozen=True)
class Settings:
    """Where Tryton is, as whom we speak to it, and where our own claims are kept.

    `tax` is the name of the tax under which input tax is booked.
    """

    url: str
    database: str
    key: str
    claims: Path
    tax: str


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        ValueError: one is missing, or the key's file cannot be read; the message is for the operator.
    """
    key_file = environment.get("TRYTON_KEY_FILE")
    try:
        key = Path(key_file).read_text("utf-8").strip() if key_file else _get(environment, "TRYTON_KEY")
    except OSError as error:
        raise ValueError(f"TRYTON_KEY_FILE: {key_file}: {error.strerror}") from error
    return Settings(
        url=_get(environment, "TRYTON_URL"),
        database=_get(environment, "TRYTON_DATABASE"),
        key=key,
        claims=Path(environment.get("TRYTON_CLAIMS") or ".steward/tryton-claims.sqlite3"),
        tax=environment.get("TRYTON_TAX") or TAX,
    )


def _get(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise ValueError(f"{name} is not set; docs/tryton.md says what it is for")
    return value
