"""The way to one server: its session, how many calls it takes at once, and when it is left alone."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from tools.credentials.assertions import Actor
from tools.credentials.tokens import actor_of, tokens_of
from tools.errors import HeldUp, NotSent, ServerUnavailable, ToolError
from tools.ports import Call
from tools.registry import ServerEntry
from tools.sessions.breaker import Breaker, BreakerState
from tools.sessions.progress import find_listener
from tools.sessions.repeats import Repeats
from tools.sessions.session import Session

SHOWN_CHARACTERS = 300
# Of persons who have not called for the longest time, the sessions are closed.
MOST_SESSIONS = 64
OF_US = (HeldUp, ServerUnavailable)  # what says nothing of the server

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LaneState:
    """How a server stands with this process; `waiting` calls wait until fewer are `under_way`."""

    server: str
    breaker: BreakerState
    connected: bool
    sessions: int
    under_way: int
    waiting: int
    last_failure: str


class Lane:
    """Leads every call to one server at one address, over a session for each actor that calls it."""

    def __init__(self, entry: ServerEntry) -> None:
        self.entry = entry
        self.owners: set[asyncio.Task[None]] = set()
        self.breaker = Breaker(entry.breaker)
        self.repeats = Repeats(entry.concurrency)
        self._sessions: OrderedDict[Hashable, Session] = OrderedDict()
        self._places = asyncio.Semaphore(entry.concurrency)
        self._under_way = 0
        self._waiting = 0
        self._last_failure = ""

    @property
    def state(self) -> LaneState:
        return LaneState(
            server=self.entry.name,
            breaker=self.breaker.state,
            connected=any(session.opened and session.usable for session in self._sessions.values()),
            sessions=len(self._sessions),
            under_way=self._under_way,
            waiting=self._waiting,
            last_failure=self._last_failure,
        )

    @asynccontextmanager
    async def turn(self, call: Call) -> AsyncIterator["Turn"]:
        """Wait for a place and for a session, so that the call can be sent at once.

        Whatever stands against it is raised by the sending and not here: the ledger may know the outcome.
        """
        turn = Turn(self, call)
        try:
            await turn.prepare()
            yield turn
        finally:
            turn.end()

    @property
    def full(self) -> bool:
        return self._places.locked()

    async def take_place(self) -> None:
        """Take the place of one call.

        Raises:
            ServerUnavailable: the server is left alone, or no other call ends in time.
        """
        self.check_breaker()
        self._waiting += 1
        try:
            async with asyncio.timeout(self.entry.timeout_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise ServerUnavailable(
                f"{self.entry.name}: no place was free within {self.entry.timeout_s:g} s,"
                f" {self.entry.concurrency} calls being under way"
            ) from error
        finally:
            self._waiting -= 1
        self._under_way += 1

    def leave_place(self) -> None:
        self._under_way -= 1
        self._places.release()

    def check_breaker(self) -> None:
        """Raise ServerUnavailable while the server is left alone."""
        if not self.breaker.lets_through:
            raise ServerUnavailable(f"{self.entry.name} is left alone for a while: {self._last_failure}")

    async def open_session(self) -> Session:
        """Return an open session; one that has ended while nobody called is replaced by a new one.

        It is one of the actor that the present call is made as: what a session says of us cannot be changed
        from call to call.

        Raises:
            PersonMissing: the server is called for persons, and none stands behind the call.
            ToolError: see `Session.open`.
        """
        actor = actor_of(self.entry)
        session = self._usable_session(actor)
        was_open = session.opened
        try:
            await session.open()
        except NotSent:
            if not was_open:
                raise
            session = self._usable_session(actor)
            await session.open()
        return session

    def note_failure(self, turn: "Turn", error: ToolError) -> None:
        self._last_failure = str(error)[:SHOWN_CHARACTERS]
        self.repeats.note_failure(turn.step)
        before = self.breaker.state
        self.breaker.note_failure(turn)
        if before == "closed" != self.breaker.state:
            log.warning("breaker of %s: open, %s", self.entry.name, self._last_failure)

    def note_success(self, turn: "Turn") -> None:
        self.repeats.note_call()
        before = self.breaker.state
        self.breaker.note_success(turn)
        if before != self.breaker.state:
            log.warning("breaker of %s: closed", self.entry.name)

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _usable_session(self, actor: Actor) -> Session:
        key = (self.entry.identity.stamp, actor)
        session = self._sessions.get(key)
        if session is None or not session.usable:
            session = self._sessions[key] = Session(self.entry, tokens_of(self.entry, actor))
            self.owners.add(session.owner)
            session.owner.add_done_callback(self.owners.discard)
        self._sessions.move_to_end(key)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)[1].retire()
        return session


class Turn:
    """One call that has its place in the lane, or knows why not."""

    def __init__(self, lane: Lane, call: Call) -> None:
        self._lane = lane
        self._call = call
        self.waited = False
        self._placed = False
        self._session: Session | None = None
        self._refusal: ToolError | None = None

    @property
    def step(self) -> str:
        return f"{self._call.case}/{self._call.step}"

    async def prepare(self) -> None:
        """Get ready, or remember what stood against it."""
        try:
            self.waited = self._lane.full
            await self._lane.take_place()
            self._placed = True
            self._lane.check_breaker()
            self._check_repeats()
            self._lane.breaker.admit(self)
            self._session = await self._lane.open_session()
        except ToolError as refusal:
            self._refusal = refusal
            self._note(refusal)

    def end(self) -> None:
        self._lane.breaker.forget(self)
        if self._placed:
            self._lane.leave_place()

    async def send(
        self, *, key_as_argument: bool = False, send_by: float | None = None
    ) -> dict[str, JsonValue]:
        """Send the call as `Session.call` does, and raise what that raises or what stood against it."""
        if self._session is None:
            raise self._refusal or AssertionError("a turn is prepared before it is used")
        try:
            answer = await self._call_over(self._session, key_as_argument=key_as_argument, send_by=send_by)
        except ToolError as error:
            self._note(error)
            raise
        self._lane.note_success(self)
        return answer

    def _note(self, error: ToolError) -> None:
        """Take note of what the error says of the server: a refusal says that it is there."""
        if isinstance(error, NotSent) and (isinstance(error, OF_US) or error.kind != "transient"):
            return
        if error.kind == "transient":
            self._lane.note_failure(self, error)
        else:
            self._lane.note_success(self)

    def _check_repeats(self) -> None:
        """Raise ServerUnavailable if this call is a repeat, and the server has had its share of them."""
        repeats = self._lane.repeats
        if self._call.attempt > 1 and repeats.has_failed(self.step) and not repeats.spend():
            raise ServerUnavailable(f"{self._call.server} has been tried again too often lately")

    async def _call_over(self, session: Session, **how: Any) -> dict[str, JsonValue]:
        call, progress = self._call, find_listener(self._call)
        try:
            return await session.call(call, progress=progress, **how)
        except HeldUp:
            raise
        except NotSent:
            # A session may end unseen, and say so only when it is used; a new one deserves one try.
            if not (session.broken and self._lane.repeats.spend()):
                raise
        return await (await self._lane.open_session()).call(call, progress=progress, **how)
