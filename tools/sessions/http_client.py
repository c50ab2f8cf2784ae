"""An HTTP client that tells a call which was never sent from one whose answer was lost.

The MCP client ends a whole session, with every call in flight, when one request fails, and waits for ever
for an answer that breaks off. Here both become the JSON-RPC error of the one request that they concern.
"""

import functools
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from mcp.client.auth.utils import extract_field_from_www_auth

from tools.contracts import KEY_IN_META
from tools.errors import (
    AddressRefused,
    HeldUp,
    IdentityRefused,
    NotSent,
    ScopeMissing,
    SecretMissing,
    TokenRefused,
)
from tools.sessions.http_answers import Events, read_whole
from tools.sessions.messages import LOST, UNUSABLE, error_of
from tools.words import quoted

# Codes of our own, from the range that JSON-RPC leaves to implementations; REFUSED is JSON-RPC's own.
NOT_SENT = -32098
HELD_UP = -32096
REFUSED = -32600
UNSENT: dict[int, type[NotSent]] = {
    NOT_SENT: NotSent,
    HELD_UP: HeldUp,
    -32090: AddressRefused,
    -32091: IdentityRefused,
    -32092: ScopeMissing,
    -32093: SecretMissing,
    -32094: TokenRefused,
}
_CODES = {kind: code for code, kind in UNSENT.items()}

JSON = "application/json"
EVENTS = "text/event-stream"

FAREWELL_S = 2.0

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


# The moments by which calls under a key must have left.
_must_leave: dict[str, float] = {}


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
    """Answers a failed JSON-RPC request with error `NOT_SENT`, `HELD_UP` or `LOST` instead of raising."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        await request.aread()  # a redirected request has its body as a stream
        message = _message(request)
        if request.method == "DELETE":  # the end of a session, which a server that hangs shall not hold up
            request.extensions["timeout"] = httpx.Timeout(FAREWELL_S).as_dict()
        if message is None:
            response = await super().send(request, **options)
            if request.method == "GET" and _holds(response, EVENTS):
                response.stream = Events(response, request_id=None)
            return response
        request_id = message["id"]
        if (moment := _moment_of(message)) is not None:
            request.extensions["trace"] = functools.partial(_check_time, moment)
        try:
            response = await super().send(request, **options)
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
        raise HeldUp("it was held up, and may not leave")


async def _whole_or_failure(response: httpx.Response, request_id: str | int) -> httpx.Response:
    # The MCP client itself follows redirects, and reads 404 as "your session is gone".
    if response.is_redirect or response.status_code == httpx.codes.NOT_FOUND:
        return response
    if response.is_error:
        await response.aclose()
        code, message = _refusal(response)
        return _failure(response.request, request_id, code=code, message=message)
    if (flaw := _flaw(response)) is not None:
        await response.aclose()
        return _failure(response.request, request_id, code=UNUSABLE, message=flaw)
    if _holds(response, EVENTS):
        response.stream = Events(response, request_id=request_id)
        return response
    try:
        body = await read_whole(response, request_id=request_id)
    except httpx.TransportError as error:
        return _failure(response.request, request_id, code=LOST, message=_reason(error))
    return _answer(response.request, body)


def _flaw(response: httpx.Response) -> str | None:
    """Say why the body is not worth reading."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return "the answer is compressed, which nobody asked for"
    if not (_holds(response, EVENTS) or _holds(response, JSON)):
        return f"the answer is of type {quoted(response.headers.get('Content-Type', ''))}"
    return None


def _holds(response: httpx.Response, kind: str) -> bool:
    return bool(response.headers.get("Content-Type", "").lower().startswith(kind))


def _refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the code and the words for an answer that is an error."""
    status = response.status_code
    message = f"the server answered {status} {httpx.codes.get_reason_phrase(status)}".strip()
    if status == httpx.codes.UNAUTHORIZED:
        return _CODES[IdentityRefused], message
    if (
        status == httpx.codes.FORBIDDEN
        and extract_field_from_www_auth(response, "error") == "insufficient_scope"
    ):
        scope = quoted(extract_field_from_www_auth(response, "scope") or "of another")
        return _CODES[ScopeMissing], f"{message}: it wants the scope {scope}"
    # A gateway's 5xx says nothing about the server behind it; a 4xx turns the request away unread.
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return NOT_SENT, message
    return (LOST if status >= httpx.codes.INTERNAL_SERVER_ERROR else REFUSED), message


def _failure(request: httpx.Request, request_id: str | int, *, code: int, message: str) -> httpx.Response:
    return _answer(request, error_of(request_id, code=code, message=message))


def _answer(request: httpx.Request, body: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": JSON}, content=body, request=request)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
