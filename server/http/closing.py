"""A host that is about to stop closes each connection behind an answer, and not before a request."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Farewell:
    """ASGI middleware: once the application's state says `stopping`, every answer ends its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and getattr(scope["app"].state, "stopping", False):
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "http" else send)
