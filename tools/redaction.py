"""Secrets of ours in the words of others: what a server was sent may come back in what it says."""

from collections.abc import Iterable

from pydantic import SecretStr

HIDDEN = "[secret]"
# Shorter ones would blot out ordinary words; a secret of this length is none.
SHORTEST = 8


def redacted(text: str, secrets: Iterable[SecretStr]) -> str:
    """Return the text without any of the secrets."""
    for secret in secrets:
        hidden = secret.get_secret_value()
        if len(hidden) >= SHORTEST:
            text = text.replace(hidden, HIDDEN)
    return text
