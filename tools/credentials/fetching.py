"""Asking authorisation servers over plain HTTP: small answers, few redirects, no way inward."""

import httpx

from tools.credentials.addresses import CheckedTransport
from tools.errors import AddressRefused, NotSent
from tools.sessions.http_client import tls

MAX_BYTES = 256 * 1024
MAX_REDIRECTS = 3
TIMEOUT_S = 10.0


async def fetch(request: httpx.Request, *, operator: httpx.URL) -> httpx.Response:
    """Send a request and return its whole answer.

    An address of the origin that the `operator` wrote down is trusted; any other one was named by a server
    and is checked. A redirect of a GET is followed within its origin; any other is left to the caller, for
    what a request carries was meant for its first address.

    Raises:
        AddressRefused: it does not go to a place where we go.
        NotSent: there was no usable answer.
    """
    trusted = same_origin(request.url, operator)
    transport = None if trusted else CheckedTransport(tls=tls())
    async with httpx.AsyncClient(transport=transport, verify=tls(), timeout=TIMEOUT_S) as client:
        for _ in range(MAX_REDIRECTS):
            response = await _answer(client, request)
            following = response.next_request
            if following is None or request.method != "GET" or not same_origin(request.url, following.url):
                return response
            request = following
    raise NotSent(f"{request.url.host} redirects more than {MAX_REDIRECTS} times")


def url_of(text: str) -> httpx.URL:
    """Read an address that a server named.

    Raises:
        AddressRefused: it is none.
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise AddressRefused(f"a server names an address that is none: {error}") from error
    if not url.host or url.userinfo:
        raise AddressRefused("a server names an address without a host, or with a user in it")
    return url


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        response = await client.send(request, stream=True)
        try:
            body = await _body(response)
        finally:
            await response.aclose()
    except httpx.HTTPError as error:
        raise NotSent(f"{request.url.host} does not answer: {type(error).__name__}") from error
    # Without its headers, of which Content-Encoding could make of a small body a huge one.
    answer = httpx.Response(response.status_code, content=body, request=request)
    answer.next_request = response.next_request
    return answer


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise NotSent(f"{response.request.url.host} answers with more than {MAX_BYTES} bytes")
    return bytes(body)
