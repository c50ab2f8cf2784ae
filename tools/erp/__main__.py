"""Start the ERP: `python -m tools.erp --http 127.0.0.1:8765` or `python -m tools.erp --stdio`."""

import argparse
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from mcp.server.fastmcp import FastMCP
from mcp.server.transport_security import TransportSecuritySettings

from tools.erp.database import Database, ForeignBooks
from tools.erp.mcp_tools import Tools

INSTRUCTIONS = "A small ERP that keeps books: suppliers, purchase orders, supplier invoices, payments."
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


def main() -> None:
    arguments = _parser().parse_args()
    # On stdio the output is the protocol's; people read the error stream.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    try:
        database = Database(arguments.database)
    except ForeignBooks as refused:
        raise SystemExit(str(refused)) from refused
    if arguments.stdio:
        _serve_stdio(database)
    else:
        if arguments.until_stdin_closes:
            threading.Thread(target=_end_with_stdin, daemon=True).start()
        _serve_http(database, address=arguments.http, names=arguments.allow_host)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.erp", description=__doc__)
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
    parser.add_argument(
        "--database",
        type=Path,
        default=Path(os.environ.get("ERP_DATABASE") or ".steward/erp.sqlite3"),
        help="the SQLite file of the books (default: ERP_DATABASE, else .steward/erp.sqlite3)",
    )
    return parser


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return str(ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))), int(port)


def _serve_http(database: Database, *, address: tuple[str, int], names: list[str]) -> None:
    host, port = address
    if not (ip_address(host).is_loopback or names):
        raise SystemExit(f"{host} is reachable from elsewhere: say under which name with --allow-host")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        port = listener.getsockname()[1]
        app = _mcp(database, names=[*LOOPBACK_NAMES, *names], port=port).streamable_http_app()
        server = HttpServer(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        sys.stderr.write(f"ERP at http://{host}:{port}/mcp\n")
        sys.stderr.flush()
        server.run(sockets=[listener])


def _serve_stdio(database: Database) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    _mcp(database, names=[], port=0).run("stdio")


def _leave(_number: int, _frame: object) -> None:
    # A thread waits for input and would hold up an orderly end for ever. The database needs none: what
    # is committed is on the disk, and what is not never happened.
    os._exit(0)


def _mcp(database: Database, *, names: list[str], port: int) -> FastMCP:
    hosts = [host for name in names for host in (name, f"{name}:{port}")]
    return FastMCP(
        "erp",
        instructions=INSTRUCTIONS,
        tools=Tools(database).listed(),
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


if __name__ == "__main__":
    main()
