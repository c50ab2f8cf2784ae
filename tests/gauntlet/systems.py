"""An outside system as an MCP server: `systems.py --contract keyed --database FILE --http 127.0.0.1:8801`.

It moves money under one of three contracts: `keyed` applies a key once, `searchable` can be asked for a
reference, `blind` can do neither. What it did stands in FILE, see `system_books`.
"""

import argparse
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import uvicorn
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from system_books import Books, Contract
from system_tools import ANSWER_503, BREAK_OFF, SystemTools


class BrokenOff(Exception):
    """Makes uvicorn close the connection in the middle of an answer."""


class Unreliable:
    """Breaks answers off, or turns them into 503, where a tool marked its request so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_or_break(message: Message) -> None:
            if scope.get(ANSWER_503) and message["type"] == "http.response.start":
                message = {**message, "status": 503}
            await send(message)
            if scope.get(BREAK_OFF) and message["type"] == "http.response.start":
                raise BrokenOff

        await self._app(scope, receive, send_or_break)


class Face:
    """The MCP end point, as the ASGI application that a route wants."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contract", choices=get_args(Contract), required=True)
    parser.add_argument("--database", type=Path, required=True, metavar="FILE")
    parser.add_argument("--http", default="127.0.0.1:0", metavar="HOST:PORT")
    arguments = parser.parse_args()
    host, _, port = arguments.http.rpartition(":")
    app = _app(SystemTools(Books(arguments.database), arguments.contract))
    with socket.create_server((host, int(port))) as listener:
        sys.stderr.write(f"{arguments.contract} system at http://{host}:{listener.getsockname()[1]}/mcp\n")
        sys.stderr.flush()
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])


def _app(tools: SystemTools) -> ASGIApp:
    manager = StreamableHTTPSessionManager(app=tools.server, json_response=True, stateless=True)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Unreliable(Starlette(routes=[Route("/mcp", endpoint=Face(manager))], lifespan=lifespan))


if __name__ == "__main__":
    main()
