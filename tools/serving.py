"""Serving tools as an MCP server of our own, over HTTP on an address or over standard input and output."""

import argparse
import inspect
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import uvicorn
from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.tools import Tool
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


class HttpServer(uvicorn.Server):
    """A uvicorn that is asked to end from the start on, and then ends with status 0."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn listens from here only, and raises the signal again after its orderly end, which then
        # looks like a crash.
        yield


def add_transport(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how the server is reached."""
    transport = parser.add_mutually_exclusive_group(required=True)
    transport.add_argument("--stdio", action="store_true", help="speak MCP over standard input and output")
    transport.add_argument("--http", type=_address, metavar="HOST:PORT", help="speak streamable HTTP at /mcp")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name under which clients elsewhere reach this server; needed for a host off loopback",
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="with --http: end when standard input does, so that nobody's death leaves this server behind",
    )


def strict(function: Callable[..., Any], annotations: ToolAnnotations) -> Tool:
    """Make a tool that refuses an argument it does not know, where FastMCP would drop it in silence."""
    # Without the indentation of this file, which Python itself takes away from 3.13 on.
    said = inspect.getdoc(function)
    tool = Tool.from_function(function, description=said, annotations=annotations, structured_output=True)
    model = tool.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_rebuild(force=True)
    tool.parameters["additionalProperties"] = False
    return tool


def serve(name: str, tools: Sequence[Tool], *, instructions: str, arguments: argparse.Namespace) -> None:
    """Serve the tools until asked to end."""
    # On stdio the output is the protocol's; people read the error stream.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if arguments.stdio:
        _serve_stdio(_mcp(name, tools, instructions, hosts=[]))
        return
    if arguments.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with _listener(arguments.http, arguments.allow_host) as listener:
        port = listener.getsockname()[1]
        names = [*LOOPBACK_NAMES, *arguments.allow_host]
        hosts = [host for alias in names for host in (alias, f"{alias}:{port}")]
        _serve_http(_mcp(name, tools, instructions, hosts=hosts), listener)


def _mcp(name: str, tools: Sequence[Tool], instructions: str, *, hosts: list[str]) -> FastMCP:
    return FastMCP(
        name,
        instructions=instructions,
        tools=list(tools),
        log_level="WARNING",
        # Without sessions, a restart of this server is nothing that a client notices.
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=hosts,
            allowed_origins=[f"http://{host}" for host in hosts],
        ),
    )


def _end_with_stdin() -> None:
    # Not through `sys.stdin`, whose lock this thread would hold when the program ends.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return str(ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))), int(port)


def _listener(address: tuple[str, int], names: list[str]) -> socket.socket:
    host, port = address
    if not (ip_address(host).is_loopback or names):
        raise SystemExit(f"{host} is reachable from elsewhere: say under which name with --allow-host")
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def _serve_http(mcp: FastMCP, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(mcp.streamable_http_app(), log_level="warning", timeout_graceful_shutdown=5)
    server = HttpServer(config)
    sys.stderr.write(f"{mcp.name} at http://{host}:{port}/mcp\n")
    sys.stderr.flush()
    server.run(sockets=[listener])


def _serve_stdio(mcp: FastMCP) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    mcp.run("stdio")


def _leave(_number: int, _frame: object) -> None:
    # A thread waits for input and would hold up an orderly end for ever. Our servers need none: what
    # is committed stays, and what is not never happened.
    os._exit(0)
