"""Secrets of ours in the words of others: what a server was sent may come back in what it says.

A server's words go into messages, its answers into the state of a case, and from there into the database,
traces and pages. Each of them passes here first, and loses what the call carried.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic import SecretStr

HIDDEN = "[secret]"
# Shorter ones would blot out ordinary words; a secret of that length is none.
SHORTEST = 8

Secrets = Callable[[], Iterable[SecretStr]]
_of_this_call: ContextVar[Secrets] = ContextVar("secrets_of_this_call", default=tuple)


def redacted(text: str, secrets: Iterable[SecretStr]) -> str:
    """Return the text without any of the secrets."""
    for secret in secrets:
        hidden = secret.get_secret_value()
        if len(hidden) >= SHORTEST:
            text = text.replace(hidden, HIDDEN)
    return text


def hidden(text: str) -> str:
    """Return the text without the secrets of the call that is under way."""
    return redacted(text, _of_this_call.get()())


def hide(secrets: Secrets) -> None:
    """Hide these secrets in this task from here on; see `hiding`."""
    _of_this_call.set(secrets)


@contextmanager
def hiding(secrets: Secrets) -> Iterator[None]:
    """Hide these secrets; they are asked for whenever something is hidden, for a call may renew its token."""
    before = _of_this_call.set(secrets)
    try:
        yield
    finally:
        _of_this_call.reset(before)
