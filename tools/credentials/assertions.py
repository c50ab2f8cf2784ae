"""What we state to an authorisation server in our own name: who we are, and for whom we act.

A person's own token is never passed on. It was issued for this host and not for that server, and a case may
run days after it has expired. So we sign who started the case, and the authorisation server decides whether
we may act for that person at the server that is called.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from tools.credentials.signing import SigningKey, load_keys
from tools.errors import SecretMissing

# The file with our private keys: the first one signs, and the others are still believed.
KEY_VARIABLE = "STEWARD_IDENTITY_KEY"
# Our name as an issuer: the address at which an authorisation server finds `/.well-known/jwks.json`.
ISSUER_VARIABLE = "STEWARD_IDENTITY_ISSUER"

LIFETIME_S = 60


@dataclass(frozen=True)
class Actor:
    """As whom a server is called: for a person by an agent, or as ourselves where there is no person."""

    person: str | None = None
    agent: str | None = None


OURSELVES = Actor()


def client_assertion(key: SigningKey, *, client_id: str, audience: str) -> SecretStr:
    """State that we are this client (RFC 7523, private_key_jwt)."""
    return key.sign({"iss": client_id, "sub": client_id, "aud": audience, **_soon()})


def person_assertion(actor: Actor, *, audience: str) -> SecretStr:
    """State that an agent of ours acts for a person, to be exchanged for a token (RFC 8693).

    Raises:
        SecretMissing: there is no key to sign with, or no issuer to sign as.
    """
    issuer = os.environ.get(ISSUER_VARIABLE)
    if not issuer:
        raise SecretMissing(f"{ISSUER_VARIABLE} is not set, and nobody else can say who started a case")
    subject = {"iss": issuer, "sub": actor.person, "aud": audience, "act": {"sub": actor.agent}}
    return our_keys()[0].sign({**subject, **_soon()})


def our_keys() -> list[SigningKey]:
    """Return the keys of this host as its file has them now.

    Raises:
        SecretMissing: there is no such file, or no key in it.
    """
    file = os.environ.get(KEY_VARIABLE)
    if not file:
        raise SecretMissing(f"{KEY_VARIABLE} is not set, and nobody else can sign for us")
    try:
        text = SecretStr(Path(file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"{KEY_VARIABLE}: {file} cannot be read ({type(error).__name__})") from None
    return load_keys(text, place=f"{KEY_VARIABLE}: {file}")


def public_keys() -> list[dict[str, Any]]:
    """Return the public halves of our keys, for whoever is to believe us; none where we have no key."""
    return [key.public for key in our_keys()] if os.environ.get(KEY_VARIABLE) else []


def _soon() -> dict[str, Any]:
    """Return what lets an assertion be used once, and within a minute."""
    now = int(time.time())
    return {"iat": now, "exp": now + LIFETIME_S, "jti": str(uuid4())}
