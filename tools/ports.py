"""What the door needs from a host: who calls, a guard that permits calls, a ledger that remembers effects.

They must be durable or decided before an effect, which LangGraph cannot give. A host puts its own in place
with `install` round a run. Without a host the defaults hold: nobody calls, reads pass, consequential calls go
to sandbox servers only, nothing is remembered, and nobody is asked where a value comes from.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from pydantic import JsonValue

from tools.effects import digest
from tools.errors import ToolError

Contract = Literal["read", "keyed", "searchable", "blind"]
# How the outcome of an effect became known: the tool's own answer, or a look-up afterwards.
Evidence = Literal["answer", "lookup"]


@dataclass(frozen=True)
class Caller:
    """For whom a call is made, and who makes it.

    `person` started the case. `agent` is `process/<name>` for a step that decides by itself, and
    `model/<name>` where a language model chose the call. `process` is the one whose case it is.
    """

    person: str | None
    agent: str
    process: str | None


NOBODY = Caller(None, "nobody", None)


@dataclass(frozen=True)
class Call:
    """A tool call that is about to happen.

    `digest` is the SHA-256, in hex, of the canonical JSON of `arguments`. `key` is None for a read only.
    `case`, `step` and `place` are None outside a graph that keeps checkpoints; the place tells this call of
    the step from the others, and stays the same when the step runs again. `attempt` counts the tries of the
    step. `undoes` is the key of the effect that this one takes back. `sources` says of an argument, by its
    path, where its value came from.
    """

    server: str
    tool: str
    arguments: dict[str, JsonValue]
    digest: str
    contract: Contract
    key: str | None
    sandbox: bool
    case: str | None
    step: str | None
    place: str | None = None
    undoes: str | None = None
    attempt: int = 1
    caller: Caller = NOBODY
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def consequential(self) -> bool:
        return self.contract != "read"


@dataclass(frozen=True)
class Obligation:
    """What a permit asks in return.

    `review`: a person of the role `detail` approves this call first. `mask`: nobody sees the field `detail`
    of the answer. `log`: the call is an audit entry, although it only reads.
    """

    kind: Literal["review", "mask", "log"]
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the guard says about a call, why, by which policies, and what it asks in return.

    `tried` says what policies would have done that do not decide yet. `pending` is the role whose review the
    call still needs, so that it is not allowed yet, and `answered` how many answers were given about it.
    """

    allowed: bool
    reason: str
    policies: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    tried: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()
    pending: str | None = None
    answered: int = 0


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of an effect.

    `new`: its intent was committed just now. `unfinished`: an earlier try left an intent and no outcome; it
    was made at `tried_at`, which is `age_s` seconds ago, both by the ledger's clock. `done`: it happened,
    and `receipt` is what the tool answered.
    """

    state: Literal["new", "unfinished", "done"]
    receipt: dict[str, JsonValue] | None = None
    tried_at: datetime | None = None
    age_s: float = 0.0

    def __post_init__(self) -> None:
        if (self.state == "done") != (self.receipt is not None):
            raise ValueError("an entry has a receipt when its effect is done, and only then")


@dataclass(frozen=True)
class Done:
    """An effect that happened, as far as undoing it needs to know."""

    key: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True)
class Sighting:
    """A value as a witness answered it: digests of the object that it spoke of, and of the value.

    `within_s` is how old it may be to prove an argument.
    """

    witness: str
    object: str
    value: str
    within_s: float


class Guard(Protocol):
    """Decides at the act whether a call may leave."""

    async def decide(self, call: Call) -> Verdict: ...


class Ledger(Protocol):
    """Remembers every effect before and after it happens."""

    async def begin(self, call: Call, verdict: Verdict) -> Entry:
        """Commit the intent, or say what an earlier try left.

        Raises:
            EffectConflict: the key is known with another digest.
        """

    async def repeat(self, key: str) -> None:
        """Commit that an unfinished effect is tried again now."""

    async def finish(self, key: str, receipt: dict[str, JsonValue], *, by: Evidence = "answer") -> None:
        """Commit the outcome, and what it is known by."""

    async def recall(self, server: str, tool: str, *, receipt: dict[str, JsonValue]) -> Done | None:
        """Find an effect of this case that is done, by what the tool answered."""

    async def fail(self, key: str, error: ToolError) -> None:
        """Commit that the effect certainly did not happen; a later `begin` of the key is `new` again."""


class Witnesses(Protocol):
    """Remembers what the witnesses of a case answered."""

    async def note(self, seen: Sequence[Sighting]) -> None:
        """Keep these; of each witness and object only the latest counts."""

    async def find(self, call: Call, wanted: Mapping[str, Sequence[Sighting]]) -> Mapping[str, str]:
        """Name, for each argument that one of its sightings proves, the witness.

        What an effect was begun with keeps its sources, however long its outcome takes.
        """


class SandboxGuard:
    """The guard outside a host: reads pass, consequential calls reach sandbox servers only."""

    async def decide(self, call: Call) -> Verdict:
        if not call.consequential:
            return Verdict(allowed=True, reason="reading changes nothing")
        if call.sandbox:
            return Verdict(allowed=True, reason=f"{call.server} is a sandbox")
        return Verdict(allowed=False, reason=f"{call.server} is no sandbox, and no host guards this call")


class ForgetfulLedger:
    """The ledger outside a host: every effect is new to it."""

    async def begin(self, call: Call, verdict: Verdict) -> Entry:
        return Entry("new")

    async def repeat(self, key: str) -> None:
        """Keep nothing."""

    async def finish(self, key: str, receipt: dict[str, JsonValue], *, by: Evidence = "answer") -> None:
        """Keep nothing."""

    async def recall(self, server: str, tool: str, *, receipt: dict[str, JsonValue]) -> Done | None:
        """Take the caller's word; the key is the same whenever the receipt is."""
        return Done(key=f"{server}.{tool}/{digest(receipt)}", arguments={})

    async def fail(self, key: str, error: ToolError) -> None:
        """Keep nothing."""


UNASKED = "unasked"
"""The source of a value of which nobody asked where it came from."""


class Unasked:
    """The witnesses outside a host: nothing is remembered, and every value is believed."""

    async def note(self, seen: Sequence[Sighting]) -> None:
        """Keep nothing."""

    async def find(self, call: Call, wanted: Mapping[str, Sequence[Sighting]]) -> Mapping[str, str]:
        return dict.fromkeys(wanted, UNASKED)


# The defaults hold no state, so that one instance can serve every context.
_guard: ContextVar[Guard] = ContextVar("guard", default=SandboxGuard())  # noqa: B039
_ledger: ContextVar[Ledger] = ContextVar("ledger", default=ForgetfulLedger())  # noqa: B039
_caller: ContextVar[Caller] = ContextVar("caller", default=NOBODY)
_witnesses: ContextVar[Witnesses] = ContextVar("witnesses", default=Unasked())  # noqa: B039


def current_guard() -> Guard:
    return _guard.get()


def current_ledger() -> Ledger:
    return _ledger.get()


def current_caller() -> Caller:
    return _caller.get()


def current_witnesses() -> Witnesses:
    return _witnesses.get()


@contextmanager
def install(
    *,
    ledger: Ledger | None = None,
    guard: Guard | None = None,
    caller: Caller | None = None,
    witnesses: Witnesses | None = None,
) -> Iterator[None]:
    """Put what a host brings in place for the calls made in this context, and in tasks begun in it."""
    ledger_token = _ledger.set(ledger or _ledger.get())
    guard_token = _guard.set(guard or _guard.get())
    caller_token = _caller.set(caller or _caller.get())
    witnesses_token = _witnesses.set(witnesses or _witnesses.get())
    try:
        yield
    finally:
        _witnesses.reset(witnesses_token)
        _caller.reset(caller_token)
        _guard.reset(guard_token)
        _ledger.reset(ledger_token)
