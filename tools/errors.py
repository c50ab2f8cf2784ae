"""What can go wrong at the door to a tool server, and what whoever meets it may do about it.

ToolError
├── NotSent            transient   the call never reached a tool
│   ├── AddressRefused    forbidden   it would have gone where we do not go
│   ├── HeldUp            transient   its permission grew too old before it left
│   ├── IdentityRefused   forbidden   the server does not take us for who we say we are
│   ├── PersonMissing     forbidden   the server is called for persons, and the case was started by none
│   ├── ScopeMissing      forbidden   the server wants a scope that our token lacks
│   ├── SecretMissing     permanent   there is no secret where servers.toml says that it is
│   ├── ServerUnavailable transient   the server has no room for it, or is left alone for a while
│   └── TokenRefused      forbidden   the authorisation server issues no token for the call
├── DeadlineExceeded   transient   a reading call got no answer in time
├── ConnectionLost     transient   a reading call lost its server before the answer
├── OutcomeUnknown     ambiguous   a consequential call may or may not have happened
├── ToolRefused        permanent   the server answered that it did not do it
├── BadAnswer          permanent   the server answered, but not what it promises
├── BadOffer           permanent   the server offers what no call can be based on; nothing was sent
├── NotAllowed         forbidden   the guard said no
├── DutiesConflict     forbidden   a person would have a part in two duties that exclude each other
├── QuotaExceeded      limit       the calls of all cases together would pass a limit
├── UnknownTool        permanent   servers.toml or the server does not list the tool
├── ToolNotApproved    permanent   nobody has approved what the server says of the tool
│   └── ToolChanged                what was approved is something else
├── EffectConflict     permanent   the effect's key belongs to a call with other arguments
├── KeyMissing         permanent   a consequential call outside a case brought no key
├── ReferenceMissing   permanent   a call lacks what looking it up or undoing it takes
├── UnknownEffect      permanent   the ledger has no such effect to undo
└── ServersInvalid     permanent   servers.toml cannot be used
"""

from typing import ClassVar, Literal

from pydantic import JsonValue

Kind = Literal["transient", "permanent", "business", "ambiguous", "forbidden", "limit"]


class ToolError(Exception):
    """Root of everything that the door raises."""

    code: ClassVar[str] = "tool_error"
    kind: ClassVar[Kind] = "permanent"

    @property
    def about(self) -> str | None:
        """The tool whose fault it is for every call of it; None where it concerns the one call."""
        return None

    @property
    def detail(self) -> dict[str, JsonValue]:
        """What there is to say beside the message, for whoever looks at the incident."""
        return {}

    @property
    def repeatable(self) -> bool:
        """Whether running the step again from its top is safe and may help."""
        return self.kind == "transient"


class NotSent(ToolError):
    """The call never reached a tool of the server, so nothing happened there."""

    code = "tool_not_sent"
    kind: ClassVar[Kind] = "transient"


class AddressRefused(NotSent):
    """An address is none that we go to: a server's way inward, or one on which others could listen."""

    code = "tool_address_refused"
    kind = "forbidden"


class IdentityRefused(NotSent):
    """The server turned the call away unread, and a fresh token did not help."""

    code = "tool_identity_refused"
    kind = "forbidden"


class PersonMissing(NotSent):
    """The server is called on behalf of persons, and no person stands behind this call."""

    code = "tool_person_missing"
    kind = "forbidden"


class ScopeMissing(NotSent):
    """The server turned the call away unread: it takes a scope that our token does not have."""

    code = "tool_scope_missing"
    kind = "forbidden"


class SecretMissing(NotSent):
    """There is no secret, or none that can be used, where servers.toml says that it is."""

    code = "tool_secret_missing"
    kind = "permanent"


class TokenRefused(NotSent):
    """The authorisation server does not issue the token that the call would need."""

    code = "tool_token_refused"
    kind = "forbidden"


class HeldUp(NotSent):
    """The call could not leave within the time for which it was permitted."""

    code = "tool_held_up"


class ServerUnavailable(NotSent):
    """The call was kept from the server: as many as it takes are under way, or it has failed too often."""

    code = "tool_server_unavailable"


class DeadlineExceeded(ToolError):
    """A reading call got no answer within its time."""

    code = "tool_deadline_exceeded"
    kind = "transient"


class ConnectionLost(ToolError):
    """A reading call was sent and its server went away before it answered."""

    code = "tool_connection_lost"
    kind = "transient"


class OutcomeUnknown(ToolError):
    """A consequential call may or may not have happened: it was sent, and nothing tells what came of it.

    It is repeatable where the tool honours the effect's key or can be asked whether it happened.
    """

    code = "tool_outcome_unknown"
    kind = "ambiguous"

    def __init__(self, message: str, *, repeatable: bool) -> None:
        super().__init__(message)
        self._repeatable = repeatable

    @property
    def repeatable(self) -> bool:
        return self._repeatable


class ToolRefused(ToolError):
    """The server answered that it did not do what it was asked.

    `unread` says that it turned the request away before any tool saw it, so that this is certain.
    """

    code = "tool_refused"

    def __init__(self, message: str, *, unread: bool = False) -> None:
        super().__init__(message)
        self.unread = unread


class BadAnswer(ToolError):
    """The answer has no structured content, or breaks the schema that the tool publishes.

    A consequential call has happened all the same; only its receipt cannot be trusted.
    """

    code = "tool_bad_answer"


class BadOffer(ToolError):
    """What the server offers cannot be used: its protocol, its tools or a schema; nothing was sent."""

    code = "tool_bad_offer"


class NotAllowed(ToolError):
    """The guard refused the call; nothing was sent."""

    code = "tool_not_allowed"
    kind = "forbidden"


class DutiesConflict(ToolError):
    """A person would have a part in two duties at one object that exclude each other; nothing was sent."""

    code = "tool_duties_conflict"
    kind = "forbidden"


class QuotaExceeded(ToolError):
    """With this call, those of all cases together would pass what a quota allows; nothing was sent.

    It is repeatable where a person may let the call go beyond: the guard then asks for the review.
    """

    code = "tool_quota_exceeded"
    kind = "limit"

    def __init__(self, message: str, *, reviewable: bool = False) -> None:
        super().__init__(message)
        self._reviewable = reviewable

    @property
    def repeatable(self) -> bool:
        return self._reviewable


class UnknownTool(ToolError):
    """The tool or its server stands in no entry of servers.toml, or the server no longer offers it."""

    code = "tool_unknown"


class ToolNotApproved(ToolError):
    """Nobody has approved what the server says of the tool; nothing was sent. `about` is `server.tool`."""

    code = "tool_not_approved"

    def __init__(self, message: str, *, about: str) -> None:
        super().__init__(message)
        self._about = about

    @property
    def about(self) -> str:
        return self._about


class ToolChanged(ToolNotApproved):
    """The server says something else of the tool than what was approved; nothing was sent.

    `changes` has each difference: `field`, `before`, `after`.
    """

    code = "tool_changed"

    def __init__(self, message: str, *, about: str, changes: list[dict[str, JsonValue]]) -> None:
        super().__init__(message, about=about)
        self.changes = changes

    @property
    def detail(self) -> dict[str, JsonValue]:
        return {"tool": self.about, "changes": list(self.changes)}


class EffectConflict(ToolError):
    """The effect's key is known to the ledger with other arguments; nothing was sent."""

    code = "effect_conflict"


class KeyMissing(ToolError):
    """A consequential call was made outside a case and brought no key; nothing was sent."""

    code = "effect_key_missing"


class ReferenceMissing(ToolError):
    """The call lacks what a look-up of its outcome, or undoing it, would ask for; nothing was sent."""

    code = "effect_reference_missing"


class UnknownEffect(ToolError):
    """The ledger has no such effect of this case, so that there is nothing to undo; nothing was sent."""

    code = "effect_unknown"


class ServersInvalid(ToolError):
    """servers.toml is malformed; the message names the server and the field."""

    code = "tool_servers_invalid"
