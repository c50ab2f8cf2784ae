"""An HTTP client that tells a call which was never sent from one whose answer was lost.

The MCP client ends a whole session, with every call in flight, when one request fails, and waits for ever
for an answer that breaks off. Here both become the JSON-RPC error of the one request that they concern.
"""

import functools
import json
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from mcp.client.auth.utils import extract_field_from_www_auth

from tools.errors import AddressRefused, IdentityRefused, NotSent, ScopeMissing, SecretMissing, TokenRefused

# Codes of our own, from the range that JSON-RPC leaves to implementations; REFUSED is JSON-RPC's own.
NOT_SENT = -32098
LOST = -32097
REFUSED = -32600
UNSENT: dict[int, type[NotSent]] = {
    NOT_SENT: NotSent,
    -32090: AddressRefused,
    -32091: IdentityRefused,
    -32092: ScopeMissing,
    -32093: SecretMissing,
    -32094: TokenRefused,
}
_CODES = {kind: code for code, kind in UNSENT.items()}

SHOWN_CHARACTERS = 200

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


# Where the key of a call stands in its `_meta`, and the moments by which calls under a key must have left.
KEY_IN_META = "io.steward/idempotency-key"
_must_leave: dict[str, float] = {}


class _HeldUp(Exception):
    """The call did not leave in time."""


@contextmanager
def leaving_by(key: str | None, moment: float | None) -> Iterator[None]:
    """Let calls under this key leave only while the monotonic clock is not past the moment."""
    if key is None or moment is None:
        yield
        return
    _must_leave[key] = moment
    try:
        yield
    finally:
        _must_leave.pop(key, None)


class McpHttpClient(httpx.AsyncClient):
    """Answers a failed JSON-RPC request with error `NOT_SENT` or `LOST` instead of raising."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        await request.aread()  # a redirected request has its body as a stream
        message = _message(request)
        if message is None:
            return await super().send(request, **options)
        request_id = message["id"]
        if (moment := _moment_of(message)) is not None:
            request.extensions["trace"] = functools.partial(_check_time, moment)
        try:
            response = await super().send(request, **options)
        except _HeldUp:
            return _failure(request, request_id, code=NOT_SENT, message="it was held up, and may not leave")
        except NotSent as error:
            return _failure(request, request_id, code=_CODES[type(error)], message=str(error))
        except NEVER_SENT as error:
            return _failure(request, request_id, code=NOT_SENT, message=_reason(error))
        except httpx.TransportError as error:
            return _failure(request, request_id, code=LOST, message=_reason(error))
        return await _whole_or_failure(response, request_id)


def new_client(
    headers: dict[str, str] | None = None,
    timeout: httpx.Timeout | None = None,
    auth: httpx.Auth | None = None,
) -> httpx.AsyncClient:
    """Build the client of one session; the TLS context, which costs most, is built once."""
    # An answer that breaks off gets its error appended, which compression would make unreadable.
    plain = {**(headers or {}), "Accept-Encoding": "identity"}
    return McpHttpClient(headers=plain, timeout=timeout, auth=auth, verify=tls())


@functools.cache
def tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _message(request: httpx.Request) -> dict[str, Any] | None:
    """Return the JSON-RPC request that is sent; None for what expects no JSON-RPC answer."""
    if request.method != "POST":
        return None
    message: dict[str, Any] = json.loads(request.content)
    return message if "method" in message and message.get("id") is not None else None


def _moment_of(message: dict[str, Any]) -> float | None:
    key = ((message.get("params") or {}).get("_meta") or {}).get(KEY_IN_META)
    return None if key is None else _must_leave.get(key)


async def _check_time(moment: float, event: str, _: dict[str, Any]) -> None:
    """Look at the clock where the request's bytes are about to leave: a process may have frozen since."""
    if event.endswith("_request_body.started") and time.monotonic() > moment:
        raise _HeldUp


async def _whole_or_failure(response: httpx.Response, request_id: str | int) -> httpx.Response:
    # The MCP client itself follows redirects, and reads 404 as "your session is gone".
    if response.is_redirect or response.status_code == httpx.codes.NOT_FOUND:
        return response
    if response.is_error:
        await response.aclose()
        code, message = _refusal(response)
        return _failure(response.request, request_id, code=code, message=message)
    if response.headers.get("Content-Type", "").startswith("text/event-stream"):
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  an async client's always is
        response.stream = _EventsToTheEnd(response.stream, request_id)
        return response
    try:
        await response.aread()
    except httpx.TransportError as error:
        return _failure(response.request, request_id, code=LOST, message=_reason(error))
    return response


def _refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the code and the words for an answer that is an error."""
    status = response.status_code
    message = f"the server answered {status} {response.reason_phrase}"
    if status == httpx.codes.UNAUTHORIZED:
        return _CODES[IdentityRefused], message
    if status == httpx.codes.FORBIDDEN and _said(response, "error") == "insufficient_scope":
        return _CODES[
            ScopeMissing
        ], f"{message}: it wants the scope {_said(response, 'scope') or 'of another'}"
    # A gateway's 5xx says nothing about the server behind it; a 4xx turns the request away unread.
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return NOT_SENT, message
    return (LOST if status >= httpx.codes.INTERNAL_SERVER_ERROR else REFUSED), message


def _said(response: httpx.Response, field: str) -> str | None:
    """Return what the header WWW-Authenticate says in a field."""
    said = extract_field_from_www_auth(response, field)
    return said[:SHOWN_CHARACTERS] if said else None


class _EventsToTheEnd(httpx.AsyncByteStream):
    """A stream of events which, where it breaks off, says so in a last event of its own.

    The MCP client leaves a stream at its answer, so it sees the last event only if the answer is missing.
    A server that numbers its events expects the client to come back for the rest, and is left alone.
    """

    def __init__(self, stream: httpx.AsyncByteStream, request_id: str | int) -> None:
        self._stream = stream
        self._request_id = request_id

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reason = "the answer broke off"
        resumable = False
        try:
            async for chunk in self._stream:
                resumable = resumable or chunk.startswith(b"id:") or b"\nid:" in chunk
                yield chunk
        except httpx.TransportError as error:
            reason = _reason(error)
        if not resumable:
            body = _error_body(self._request_id, code=LOST, message=reason)
            yield b"\n\nevent: message\ndata: " + body + b"\n\n"

    async def aclose(self) -> None:
        await self._stream.aclose()


def _failure(request: httpx.Request, request_id: str | int, *, code: int, message: str) -> httpx.Response:
    return httpx.Response(
        200,
        headers={"Content-Type": "application/json"},
        content=_error_body(request_id, code=code, message=message),
        request=request,
    )


def _error_body(request_id: str | int, *, code: int, message: str) -> bytes:
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}).encode()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
