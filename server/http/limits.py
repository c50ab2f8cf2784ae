"""A ceiling for every request body, before anything reads it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import TooLarge
from server.http.problems import problem_response

ENVELOPE_BYTES = 64 * 1024  # what multipart framing and field names may add to a document


class BodyLimit:
    """ASGI middleware: answer 413 to a body over `limit` bytes, declared or sent."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await problem_response(self._error())(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise self._error()
            return message

        await self._app(scope, counted, send)

    def _error(self) -> TooLarge:
        return TooLarge(f"the body is over the limit of {self._limit:,} bytes", field="body")
