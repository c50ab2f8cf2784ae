"""Actors: who did it.

Until identities are configured the host runs on loopback for its developer only, and whoever calls may say
who they are; the name goes into the audit trail as it was given.
"""

import re
from ipaddress import ip_address

from server.errors import BadRequest, StartRefused

RUNTIME = "steward"
ACTOR_HEADER = "Steward-Actor"
_NAME = re.compile(r"[\w.@-]{1,64}")


def actor_of(header: str | None) -> str:
    """Return the name that the caller claims, `dev` when it claims none.

    Raises:
        BadRequest: the name is none.
    """
    if header is None:
        return "dev"
    if header == RUNTIME:
        raise BadRequest(f"{RUNTIME} is the runtime itself", field=ACTOR_HEADER)
    if not _NAME.fullmatch(header):
        raise BadRequest("a name of letters, digits and . _ @ - (at most 64)", field=ACTOR_HEADER)
    return header


def check_exposure(host: str, *, dev: bool) -> None:
    """Refuse to serve without identities, except to the developer on this machine.

    Raises:
        StartRefused: saying what to change.
    """
    if not dev:
        raise StartRefused("no identity is configured: start with --dev on a loopback address")
    if not is_loopback(host):
        raise StartRefused(f"--dev lets anybody in and {host} is not a loopback address: use 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Say whether a name or an address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
