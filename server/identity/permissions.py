"""Permissions: who may do what to which object."""

from server.identity.actors import RUNTIME


def may(actor: str, action: str, object_: str) -> bool:
    """Say whether the actor may do this to that object, such as `case/<id>`.

    Without configured identities everybody who states a name may; the runtime itself intervenes in nothing.
    """
    return actor != RUNTIME
