"""A host without identities serves the people at this machine, not the web pages that they look at."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import ForeignOrigin, MisdirectedRequest
from server.http.problems import problem_response
from server.identity.actors import is_loopback

_SAFE = {"GET", "HEAD", "OPTIONS"}


class LocalOnly:
    """ASGI middleware: refuse a request under another host's name, and a change that a foreign page asks for.

    The first stops DNS rebinding, the second forms and scripts of other sites.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (error := _refusal(scope["method"], Headers(scope=scope))):
            await problem_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(method: str, headers: Headers) -> MisdirectedRequest | ForeignOrigin | None:
    host = headers.get("host", "")
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        return MisdirectedRequest(f"this host is not {host!r}", field="Host")
    origin = headers.get("origin")
    if method not in _SAFE and origin is not None and urlsplit(origin).netloc != host:
        return ForeignOrigin(f"pages of {origin!r} may not change anything here", field="Origin")
    return None
