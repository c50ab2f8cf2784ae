"""Errors of the host.

    ServerError
    ├── BadRequest                 422  what the caller sent cannot be used
    │   ├── TooLarge               413
    │   │   └── PayloadTooLarge         an input or an answer is over the process's limit
    │   ├── UnsupportedDocument    415
    │   └── TableMalformed              a table of rules is none; `findings` says where
    ├── ForeignOrigin              403  a page of another site asks for a change
    ├── NotPermitted               403  the actor may not do this to that
    ├── MisdirectedRequest         421  the request is for a host of another name
    ├── NotFound                   404
    ├── Conflict                   409  the thing is no longer in the state that the caller assumed
    │   ├── ReviewAlreadyAnswered
    │   ├── ReviewWithdrawn
    │   ├── CaseNotWaiting
    │   ├── IllegalTransition           the case does not admit this where it stands
    │   ├── RevisionMismatch            the case was changed since the caller looked
    │   ├── EffectUnsettled             nobody knows whether an effect happened
    │   ├── StopInForce                 the same is stopped already
    │   └── EffectNotOpen
    ├── IdempotencyMismatch        422  the same key with another request
    ├── Unavailable                503  a part that the request needs does not answer
    │   └── QueueFull                   too much waits already
    ├── CasePoisoned                    a case takes its workers down with it
    ├── Stopped                         a stop forbids a step its effect
    ├── AttemptSuperseded               another attempt owns the case now
    ├── LimitReached                    a case took all that its process may, and becomes an incident
    │   ├── RecursionLimit
    │   ├── CaseSuperstepLimit
    │   ├── FanOutLimit
    │   ├── StateLimit
    │   └── StepDeadline
    ├── StateNotStorable                a step returned what no checkpoint can keep
    ├── StoreOperationRefused           (engine.store) a process asked the store for more than documents
    ├── StartRefused                    the host must not start like this
    │   ├── PoliciesInvalid             a policy is none, or names what there is not
    │   └── TableChanged                a table has other content than its version had before
    ├── EmbeddedPostgresError           (storage.embedded) the private PostgreSQL does not start
    └── Refused                         (cli.api) what a server answered to the command line

`code` never changes; `status` is what the HTTP face answers.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal
from uuid import UUID


class ServerError(Exception):
    """The root: everything the host raises on purpose."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    kind: ClassVar[Literal["permanent", "limit"]] = "permanent"  # what a run that meets it may do about it

    def __init__(self, message: str, *, field: str | None = None, step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.step = step


class BadRequest(ServerError):
    """What the caller sent cannot be used; `field` names the part."""

    code = "bad_request"
    status = 422


class TooLarge(BadRequest):
    """The body or the document is over the declared limit."""

    code = "too_large"
    status = 413


class PayloadTooLarge(TooLarge):
    """An input or an answer is larger than its process takes."""

    code = "payload_too_large"


class UnsupportedDocument(BadRequest):
    """The file is of no kind that a process here reads."""

    code = "unsupported_document"
    status = 415


class TableMalformed(BadRequest):
    """A text that was sent is no table of rules.

    `findings` says all that is wrong with it, each with `file`, `line`, `column` and `message`.
    """

    code = "table_malformed"

    def __init__(
        self, message: str, *, findings: Sequence[Mapping[str, str | int]], field: str | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.findings = tuple(findings)


class ForeignOrigin(ServerError):
    """A page of another site asks for a change."""

    code = "foreign_origin"
    status = 403


class NotPermitted(ServerError):
    """The actor may not do this to that object."""

    code = "not_permitted"
    status = 403


class MisdirectedRequest(ServerError):
    """The request names another host than this one."""

    code = "misdirected_request"
    status = 421


class NotFound(ServerError):
    """There is no such thing, or not for this caller."""

    code = "not_found"
    status = 404


class Conflict(ServerError):
    """The thing has changed since the caller looked."""

    code = "conflict"
    status = 409


class ReviewAlreadyAnswered(Conflict):
    """Somebody else's answer was accepted first."""

    code = "review_already_answered"


class CaseNotWaiting(Conflict):
    """The case waits for no answer."""

    code = "case_not_waiting"


class EffectNotOpen(Conflict):
    """The effect has its outcome, or a run of its case may still find it out."""

    code = "effect_not_open"


class ReviewWithdrawn(Conflict):
    """The question is no longer asked."""

    code = "review_withdrawn"


class IllegalTransition(Conflict):
    """The case does not admit the intervention where it stands."""

    code = "illegal_transition"


class RevisionMismatch(Conflict):
    """The case was changed since the caller looked at it."""

    code = "revision_mismatch"


class EffectUnsettled(Conflict):
    """Nobody knows whether an effect of the case happened."""

    code = "effect_unsettled"


class StopInForce(Conflict):
    """The same is stopped already."""

    code = "stop_in_force"


class IdempotencyMismatch(ServerError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_mismatch"
    status = 422


class Stopped(ServerError):
    """A stop forbids the effect that a step is about to have."""

    code = "stopped"

    def __init__(self, message: str, *, stop: UUID) -> None:
        super().__init__(message)
        self.stop = stop


class AttemptSuperseded(ServerError):
    """Another attempt owns the case; this one may write nothing more."""

    code = "attempt_superseded"


class LimitReached(ServerError):
    """A case took all that its process may: an operator raises the limit, or ends the case."""

    code = "limit_reached"
    kind = "limit"


class RecursionLimit(LimitReached):
    """A run went through the graph for more rounds than its process allows."""

    code = "recursion_limit"


class CaseSuperstepLimit(LimitReached):
    """All runs of a case together took more rounds than its process allows."""

    code = "case_superstep_limit"


class FanOutLimit(LimitReached):
    """A round would begin with more steps sent out than its process allows; none of them has begun."""

    code = "fan_out_limit"


class StateLimit(LimitReached):
    """The state, or what one step returned, is larger than its process allows; it was not stored."""

    code = "state_limit"


class StepDeadline(LimitReached):
    """A step did not end in time; it is abandoned, and nothing that it still does counts."""

    code = "step_deadline"


class StateNotStorable(ServerError):
    """A step returned what no checkpoint can keep: only a change of the step helps."""

    code = "state_not_storable"


class Unavailable(ServerError):
    """A part that the request needs does not answer; try again."""

    code = "unavailable"
    status = 503


class QueueFull(Unavailable):
    """As many runs of the process wait as may; nothing was started."""

    code = "queue_full"


class CasePoisoned(ServerError):
    """Several workers in a row died while they ran the same step of a case."""

    code = "case_poisoned"


class StartRefused(ServerError):
    """The host must not start like this; the message says what to change."""

    code = "start_refused"


class PoliciesInvalid(StartRefused):
    """Policies cannot be used; each finding names file and line."""

    code = "policies_invalid"

    def __init__(self, *findings: str) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


class TableChanged(StartRefused):
    """A decision table has other content than a table of its name and version had before."""

    code = "table_changed"
