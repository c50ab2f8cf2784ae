"""One session with one tool server."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from functools import partial
from typing import Any

import anyio
import httpx
from anyio import BrokenResourceError, ClosedResourceError
from mcp import McpError, types
from mcp.shared.session import ProgressFnT
from pydantic import JsonValue, SecretStr, ValidationError

from tools.approval.offered import Offered
from tools.contracts import KEY_IN_META
from tools.credentials.redaction import hide, hiding
from tools.credentials.tokens import Tokens
from tools.errors import (
    BadAnswer,
    ConnectionLost,
    DeadlineExceeded,
    HeldUp,
    NotSent,
    ToolError,
    ToolRefused,
)
from tools.ports import Call
from tools.registry import ServerEntry
from tools.sessions.http_client import NOT_SENT, UNSENT, leaving_by
from tools.sessions.listing import LISTING_LASTS_S, Listing
from tools.sessions.messages import LOST, OUR_CODES
from tools.sessions.opening import begin, list_tools
from tools.sessions.transports import Client, connected
from tools.words import quoted

# The MCP client's own code for a session that the server no longer knows.
SESSION_TERMINATED = 32600
REFUSED_UNREAD = (types.INVALID_REQUEST, types.METHOD_NOT_FOUND, types.INVALID_PARAMS, types.PARSE_ERROR)
# How long a server that cannot keep up may delay the end of a session by not taking a cancellation.
CANCELLING_S = 2.0
# What a connection may have lost meanwhile shows in an effect's answer, unless it is asked before.
IDLE_S = 30.0
PING_S = 5.0


class Session:
    """A session that a task of its own opens, holds and closes, because anyio wants one task to do all three.

    Any number of tasks may call at once. A `broken` session takes no new calls and closes after its last.
    """

    def __init__(
        self,
        entry: ServerEntry,
        tokens: Tokens | None,
        *,
        idle_s: float = IDLE_S,
        listing_s: float = LISTING_LASTS_S,
    ) -> None:
        self.entry = entry
        self.tokens = tokens
        self._idle_s = idle_s
        self._listing_s = listing_s
        self._listing: Listing
        self.broken = False
        self._calls = 0
        self._used_at = time.monotonic()
        self._asking: set[anyio.CancelScope] = set()
        self._cancelling: set[asyncio.Task[None]] = set()
        self._sent: list[SecretStr] = []
        self._closing = False
        self._woken = asyncio.Event()
        self._opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        # The session outlives the run whose call opened it, and must not keep that run's context.
        self.owner = asyncio.create_task(self._own(), name=f"session {entry.name}", context=Context())
        self.owner.add_done_callback(self._part)

    @property
    def opened(self) -> bool:
        return self._opened.done()

    @property
    def usable(self) -> bool:
        return not (self.broken or self._closing or self.owner.done())

    def close(self) -> None:
        """Ask the owner to close; it is done when the owner is."""
        self._closing = True
        self._woken.set()

    def retire(self) -> None:
        """Take no new calls, and close after the last that is under way."""
        self.broken = True
        if not self._calls:
            self.close()

    @property
    def offered(self) -> Offered:
        """What the server of an open session offers."""
        return self._listing.offered

    async def open(self) -> None:
        """Wait until calls can be made; a session that nobody used for long is asked whether it still lives.

        Raises:
            NotSent: they cannot.
            ToolError: the server may not be called, as it is.
        """
        with self._in_use(), hiding(self._secrets):
            client = await self._open()
            if self._calls == 1 and time.monotonic() - self._used_at > self._idle_s:
                await self._ping(client)
            with self._replaced_if_silent():
                await self._listing.keep_fresh()

    async def call(
        self,
        call: Call,
        *,
        key_as_argument: bool,
        send_by: float | None,
        progress: ProgressFnT | None = None,
    ) -> dict[str, JsonValue]:
        """Make the call, unless the monotonic clock is past `send_by`, and return the structured answer.

        Raises:
            NotSent: the server certainly never got the call.
            DeadlineExceeded: there was no answer in time.
            ConnectionLost: the call was sent, and the answer can no longer come.
            ToolRefused: the server says that it did not do it.
            BadAnswer: what the server says is not what it promises.
            BadOffer, ToolNotApproved, UnknownTool: see `Listing.find`; nothing was sent.
        """
        with self._in_use(), hiding(self._secrets):
            client = await self._open()
            with self._replaced_if_silent():
                offer, arguments = await self._listing.find(call.tool), call.arguments
            if key_as_argument and offer.takes_key:
                arguments = {**arguments, "key": call.key}
            if send_by is not None and time.monotonic() > send_by:
                raise HeldUp(f"{self.entry.name}.{call.tool} was held up, and may no longer be sent")
            with leaving_by(call.key, send_by):
                asking = self._ask(client, call.tool, _request(call.tool, arguments, key=call.key), progress)
                return offer.structure(await asking)

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._used_at = time.monotonic()
        self._calls -= 1
        if self.broken and not self._calls:
            self.close()

    async def _own(self) -> None:
        hide(self._secrets)  # also in the tasks that the client begins
        async with connected(self.entry, self.tokens, wake=self._woken.set) as client:
            self._sent = self.entry.secrets()
            tools = await begin(client, self.entry.name)
            ask = partial(list_tools, client, self.entry.name)
            self._listing = Listing(self.entry, tools, ask=ask, lasts_s=self._listing_s)
            self._opened.set_result(client)
            while not (self._closing or client.ended):
                await self._woken.wait()
                self._woken.clear()
                if client.tools_changed:
                    client.tools_changed = False
                    with suppress(ToolError), self._replaced_if_silent():
                        await self._listing.renew(since=time.monotonic())

    @contextmanager
    def _replaced_if_silent(self) -> Iterator[None]:
        """Use the session no longer whose server does not say what it offers."""
        try:
            yield
        except NotSent:
            self.retire()
            raise

    async def _open(self) -> Client:
        if not self._opened.done():
            either: set[asyncio.Future[Any]] = {self._opened, self.owner}
            await asyncio.wait(either, timeout=self.entry.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._opened.done():
            return self._opened.result()
        self.broken = True
        if not self.owner.done():
            self.owner.cancel()
            raise NotSent(f"{self.entry.name} did not open a session within {self.entry.timeout_s:g} s")
        reason = self._reason()
        if isinstance(reason, ToolError):
            raise reason
        if isinstance(reason, McpError) and reason.error.code in UNSENT.keys() - {NOT_SENT}:
            raise self._failure(reason.error)
        raise NotSent(f"{self.entry.name} cannot be reached: {_words(reason)}")

    async def _ping(self, client: Client) -> None:
        """Ask whether the server is still there.

        Raises:
            NotSent: it is not.
        """
        request = types.ClientRequest(types.PingRequest())
        with anyio.move_on_after(min(PING_S, self.entry.timeout_s)):
            try:
                await client.send_request(request, types.EmptyResult)
            except McpError as error:
                self._failure(error.error)  # marks what ends the session; any other is a sign of life
            except (ClosedResourceError, BrokenResourceError):
                self.broken = True
            if not self.broken:
                return
        self.broken = True
        raise NotSent(f"{self.entry.name} has gone away while nobody called")

    async def _ask(
        self, client: Client, tool: str, request: types.ClientRequest, progress: ProgressFnT | None
    ) -> types.CallToolResult:
        # Not `client.call_tool`: it may list all tools after the effect, and its checks raise RuntimeError.
        timeout_s = self.entry.timeout_of(tool)
        with anyio.move_on_after(timeout_s) as scope:
            self._asking.add(scope)
            request_id = client.next_id
            try:
                return await client.send_request(request, types.CallToolResult, progress_callback=progress)
            except asyncio.CancelledError:
                self._cancel(client, request_id)
                raise
            # The cause is left out where it quotes the server: a traceback shows it as it is.
            except McpError as error:
                raise self._failure(error.error) from None
            except (ClosedResourceError, BrokenResourceError) as error:
                self.broken = True
                raise NotSent(f"{self.entry.name} ended the session before the call") from error
            except ValidationError as error:
                told = quoted(error.errors(include_input=False)[0]["msg"])
                raise BadAnswer(
                    f"{self.entry.name} answered with something that is no tool result: {told}"
                ) from None
            finally:
                self._asking.discard(scope)
        self.broken = True
        if self.owner.done():
            raise ConnectionLost(f"{self.entry.name} went away: {_words(self._reason())}")
        raise DeadlineExceeded(f"{self.entry.name} did not answer within {timeout_s:g} s")

    def _cancel(self, client: Client, request_id: int) -> None:
        """Let the server know, as far as it listens; nobody waits for this either."""
        if self.owner.done() or client.ended:
            return
        self._calls += 1  # at once, or the session might close before the task begins
        cancelling = asyncio.create_task(self._tell_cancelled(client, request_id), context=Context())
        self._cancelling.add(cancelling)
        cancelling.add_done_callback(self._cancelling.discard)

    async def _tell_cancelled(self, client: Client, request_id: int) -> None:
        try:
            with anyio.move_on_after(CANCELLING_S):
                await client.cancel(request_id)
        except (ClosedResourceError, BrokenResourceError, httpx.HTTPError, NotSent):
            return
        finally:
            self._leave()

    def _failure(self, error: types.ErrorData) -> NotSent | ConnectionLost | ToolRefused | BadAnswer:
        """Say what a JSON-RPC error means for the call."""
        ours = error.code in OUR_CODES
        message = f"{self.entry.name}: {error.message if ours else quoted(error.message)}"
        if error.code in (SESSION_TERMINATED, types.CONNECTION_CLOSED):
            self.broken = True
        if error.code in UNSENT or error.code == SESSION_TERMINATED:
            return UNSENT.get(error.code, NotSent)(message)
        if error.code in (LOST, types.CONNECTION_CLOSED):
            return ConnectionLost(message)
        if error.code in REFUSED_UNREAD:
            return ToolRefused(message, unread=True)
        # An error in the middle of the work says nothing about how much of it was done.
        return BadAnswer(message)

    def _secrets(self) -> list[SecretStr]:
        """Return what the server has been sent that nobody else may see."""
        return self._sent + self.tokens.secrets if self.tokens else self._sent

    def _part(self, owner: asyncio.Task[None]) -> None:
        """Let go of those who still wait for an answer, as the owner has ended."""
        if not owner.cancelled():
            owner.exception()  # whoever waits learns of it by other ways; unread, asyncio reports it as lost
        for scope in self._asking:
            scope.cancel()

    def _reason(self) -> BaseException | None:
        """Return what ended the owner; None if the session was closed."""
        error = None if self.owner.cancelled() else self.owner.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return error


def _request(tool: str, arguments: dict[str, JsonValue], *, key: str | None) -> types.ClientRequest:
    meta: dict[str, Any] | None = None if key is None else {KEY_IN_META: key}
    params = types.CallToolRequestParams.model_validate(
        {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}
    )
    return types.ClientRequest(types.CallToolRequest(params=params))


def _words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {quoted(str(error))}" if error else "the session was closed"
