"""One session with one tool server."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context
from datetime import timedelta
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError
from langchain_mcp_adapters.sessions import Connection, StreamableHttpConnection, create_session
from mcp import ClientSession, McpError, types
from pydantic import JsonValue, ValidationError

from tools.errors import BadAnswer, BadOffer, ConnectionLost, DeadlineExceeded, NotSent, ToolRefused
from tools.http_client import KEY_IN_META, UNSENT, leaving_by, new_client
from tools.messages import LOST, OUR_CODES
from tools.offered import Offered
from tools.opening import begin
from tools.registry import ServerEntry
from tools.stdio_client import started
from tools.tokens import Tokens
from tools.words import quoted

# The MCP client's own code for a session that the server no longer knows.
SESSION_TERMINATED = 32600
REFUSED_UNREAD = (types.INVALID_REQUEST, types.METHOD_NOT_FOUND, types.INVALID_PARAMS, types.PARSE_ERROR)


class Session:
    """A session that a task of its own opens, holds and closes, because anyio wants one task to do all three.

    Any number of tasks may call at once. A `broken` session takes no new calls and closes after its last.
    """

    def __init__(self, entry: ServerEntry, tokens: Tokens | None) -> None:
        self.entry = entry
        self.tokens = tokens
        self.broken = False
        self._calls = 0
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        self._offered = Offered(entry, [])
        # The session outlives the run whose call opened it, and must not keep that run's context.
        self.owner = asyncio.create_task(self._own(), name=f"session {entry.name}", context=Context())
        self.owner.add_done_callback(_take_note)

    @property
    def opened(self) -> bool:
        return self._opened.done()

    @property
    def usable(self) -> bool:
        return not (self.broken or self._closing.is_set() or self.owner.done())

    def close(self) -> None:
        """Ask the owner to close; it is done when the owner is."""
        self._closing.set()

    async def open(self) -> Offered:
        """Wait until calls can be made, and return what may be called.

        Raises:
            NotSent: they cannot.
        """
        with self._in_use():
            await self._open()
            return self._offered

    async def call(
        self,
        tool: str,
        arguments: dict[str, JsonValue],
        *,
        key: str | None,
        key_as_argument: bool,
        send_by: float | None,
    ) -> dict[str, JsonValue]:
        """Call a tool, unless the monotonic clock is past `send_by`, and return its structured answer.

        Raises:
            NotSent: the server certainly never got the call.
            DeadlineExceeded: there was no answer in time.
            ConnectionLost: the call was sent, and the answer can no longer come.
            ToolRefused: the server says that it did not do it.
            BadAnswer: what the server says is not what it promises.
            BadOffer, ToolNotApproved, UnknownTool: see `Offered.get`; nothing was sent.
        """
        with self._in_use():
            client = await self._open()
            offer = self._offered.get(tool)
            if key_as_argument and offer.takes_key:
                arguments = {**arguments, "key": key}
            if send_by is not None and time.monotonic() > send_by:
                raise NotSent(f"{self.entry.name}.{tool} was held up, and may no longer be sent")
            with leaving_by(key, send_by):
                request, timeout_s = _request(tool, arguments, key=key), self.entry.timeout_of(tool)
                return offer.structure(await self._ask(client, request, timeout_s=timeout_s))

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if self.broken and not self._calls:
                self.close()

    async def _own(self) -> None:
        async with _connected(self.entry, self.tokens) as client:
            self._offered = Offered(self.entry, await begin(client, self.entry.name))
            self._opened.set_result(client)
            await self._closing.wait()

    async def _open(self) -> ClientSession:
        name, timeout_s = self.entry.name, self.entry.timeout_s
        either: set[asyncio.Future[Any]] = {self._opened, self.owner}
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._opened.done():
            return self._opened.result()
        self.broken = True
        if self.owner.done():
            reason = self._reason()
            if isinstance(reason, McpError) and reason.error.code in UNSENT:
                raise self._failure(reason.error) from reason
            if isinstance(reason, BadOffer):
                raise reason
            raise NotSent(f"{name} cannot be reached: {self._end()}")
        self.owner.cancel()
        raise NotSent(f"{name} did not open a session within {timeout_s:g} s")

    async def _ask(
        self, client: ClientSession, request: types.ClientRequest, *, timeout_s: float
    ) -> types.CallToolResult:
        # Not `client.call_tool`: it may list all tools after the effect, and its checks raise RuntimeError.
        asking = asyncio.create_task(client.send_request(request, types.CallToolResult))
        asking.add_done_callback(_take_note)
        try:
            await asyncio.wait({asking, self.owner}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return self._result(asking)
        finally:
            asking.cancel()
        self.broken = True
        if self.owner.done():
            raise ConnectionLost(f"{self.entry.name} went away: {self._end()}")
        raise DeadlineExceeded(f"{self.entry.name} did not answer within {timeout_s:g} s")

    def _result(self, asking: asyncio.Task[types.CallToolResult]) -> types.CallToolResult:
        name = self.entry.name
        try:
            return asking.result()
        except McpError as error:
            raise self._failure(error.error) from error
        except (ClosedResourceError, BrokenResourceError) as error:
            self.broken = True
            raise NotSent(f"{name} ended the session before the call") from error
        except ValidationError as error:
            told = quoted(str(error))
            raise BadAnswer(f"{name} answered with something that is no tool result: {told}") from error

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

    def _end(self) -> str:
        """Say why the owner ended."""
        error = self._reason()
        return f"{type(error).__name__}: {quoted(str(error))}" if error else "the session was closed"

    def _reason(self) -> BaseException | None:
        """Return what ended the owner; None if the session was closed."""
        error = None if self.owner.cancelled() else self.owner.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return error


@asynccontextmanager
async def _connected(entry: ServerEntry, tokens: Tokens | None) -> AsyncIterator[ClientSession]:
    if (url := entry.url) is not None:
        async with create_session(_connection(entry, url, tokens)) as client:
            yield client
    elif entry.command:
        environment = {**entry.environment, **entry.identity.resolved_variables(entry.name)}
        async with started(entry.argv, environment) as (heard, said), ClientSession(heard, said) as client:
            yield client
    else:
        raise NotSent(f"{entry.name}: {entry.url_env} is not set, and servers.toml has no command")


def _connection(entry: ServerEntry, url: str, tokens: Tokens | None) -> Connection:
    connection: StreamableHttpConnection = {
        "transport": "streamable_http",
        "url": url,
        "headers": entry.identity.resolved_headers(entry.name),
        "timeout": timedelta(seconds=entry.longest_s),
        # An answer may keep us waiting longer than our own deadline, which is the one that counts.
        "sse_read_timeout": timedelta(seconds=entry.longest_s + 300),
        "httpx_client_factory": new_client,
    }
    if tokens is not None:
        connection["auth"] = tokens
    return connection


def _request(tool: str, arguments: dict[str, JsonValue], *, key: str | None) -> types.ClientRequest:
    meta: dict[str, Any] | None = None if key is None else {KEY_IN_META: key}
    params = types.CallToolRequestParams.model_validate(
        {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}
    )
    return types.ClientRequest(types.CallToolRequest(params=params))


def _take_note(task: asyncio.Task[Any]) -> None:
    # Whoever waits learns of the error by other ways; unread, asyncio would report it as lost.
    if not task.cancelled():
        task.exception()
