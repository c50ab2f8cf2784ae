"""The MCP client of one session: how it reaches its server, and what the SDK's own client lacks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
from mcp import ClientSession, types
from mcp.client.streamable_http import MCP_PROTOCOL_VERSION, MCP_SESSION_ID, streamable_http_client
from mcp.shared.session import RequestResponder

from tools.credentials.tokens import Tokens
from tools.errors import NotSent
from tools.registry import ServerEntry
from tools.sessions.http_client import new_client
from tools.sessions.stdio_client import started

Send = Callable[["Client", types.ClientNotification], Awaitable[None]]
Wake = Callable[[], None]
Incoming = RequestResponder[types.ServerRequest, types.ClientResult] | types.ServerNotification | Exception

# An answer may keep us waiting longer than our own deadline, which is the one that counts.
PATIENCE_S = 300


class Client(ClientSession):
    """A client that says by `wake` that its server has gone, or that the server's tools have changed."""

    def __init__(self, read: Any, write: Any, *, wake: Wake, send: Send) -> None:
        super().__init__(read, write, message_handler=self._hear)
        self.ended = False
        self.tools_changed = False
        self.protocol_version = types.LATEST_PROTOCOL_VERSION
        self._wake = wake
        self._send = send

    @property
    def next_id(self) -> int:
        """The id that the next request gets."""
        return self._request_id

    async def initialize(self) -> types.InitializeResult:
        result = await super().initialize()
        self.protocol_version = str(result.protocolVersion)
        return result

    async def cancel(self, request_id: int) -> None:
        """Tell the server that nobody waits for its answer any more; it may go on all the same."""
        params = types.CancelledNotificationParams(requestId=request_id, reason="nobody waits any more")
        await self._send(self, types.ClientNotification(types.CancelledNotification(params=params)))

    async def _receive_loop(self) -> None:
        try:
            await super()._receive_loop()
        finally:
            self.ended = True
            self._wake()

    async def _hear(self, message: Incoming) -> None:
        if isinstance(message, types.ServerNotification) and isinstance(
            message.root, types.ToolListChangedNotification
        ):
            self.tools_changed = True
            self._wake()


def connected(
    entry: ServerEntry, tokens: Tokens | None, *, wake: Wake
) -> AbstractAsyncContextManager[Client]:
    """Connect a client with the server as the environment describes it now.

    Raises:
        NotSent: the environment does not say where the server is.
    """
    url = entry.url
    if url is not None:
        return _over_http(entry, url, tokens=tokens, wake=wake)
    if not entry.command:
        raise NotSent(f"{entry.name}: {entry.url_env} is not set, and servers.toml has no command")
    return _over_stdio(entry, wake=wake)


@asynccontextmanager
async def _over_stdio(entry: ServerEntry, *, wake: Wake) -> AsyncIterator[Client]:
    environment = {**entry.environment, **entry.identity.resolved_variables(entry.name)}
    async with (
        started(entry.argv, environment) as (read, write),
        Client(read, write, wake=wake, send=ClientSession.send_notification) as client,
    ):
        yield client


@asynccontextmanager
async def _over_http(
    entry: ServerEntry, url: str, *, tokens: Tokens | None, wake: Wake
) -> AsyncIterator[Client]:
    headers = entry.identity.resolved_headers(entry.name)
    timeout = httpx.Timeout(entry.longest_s, read=entry.longest_s + PATIENCE_S)
    async with (
        new_client(headers, timeout, tokens) as http,
        streamable_http_client(url, http_client=http) as (read, write, session_id),
    ):

        async def send(client: Client, notification: types.ClientNotification) -> None:
            # Not by the SDK, which lets all that follows wait until the server has taken it.
            message = {
                "jsonrpc": "2.0",
                **notification.model_dump(by_alias=True, mode="json", exclude_none=True),
            }
            headers = {
                "Accept": "application/json, text/event-stream",
                MCP_PROTOCOL_VERSION: client.protocol_version,
                **({MCP_SESSION_ID: of_session} if (of_session := session_id()) else {}),
            }
            await http.post(url, json=message, headers=headers)

        async with Client(read, write, wake=wake, send=send) as client:
            yield client
