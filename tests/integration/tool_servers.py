"""Tool servers as tests start them: real processes, over HTTP or stdio."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from server.policies.loading import Policies
from tools.approval.approvals import save_approvals
from tools.ports import Contract
from tools.registry import ServerEntry, our_servers
from tools.sessions import pool

ROOT = Path(__file__).parents[2]
PERMISSIVE = ROOT / "tests" / "policies"
UNRELIABLE = Path(__file__).with_name("unreliable_server.py")

INVOICE = {
    "supplier": "S-1001",
    "number": "RE-2026-0117",
    "kind": "invoice",
    "date": "2026-09-14",
    "due_date": "2026-10-14",
    "currency": "EUR",
    "net": "1570.00",
    "tax": "298.30",
    "total": "1868.30",
}


@contextmanager
def started(*command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server that names its URL in the first line of its error stream; kill it at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            line = process.stderr.readline()
            assert "http://" in line, line + process.stderr.read()
            yield process, line.split()[-1]
        finally:
            process.kill()


def erp_over_http(database: Path, port: int = 0):
    return started("-m", "tools.erp", "--http", f"127.0.0.1:{port}", "--database", str(database))


@contextmanager
def unreliable_over(transport: str, folder: Path, port: int) -> Iterator[None]:
    """Let the unreliable server run on the port, or leave its start to the client if it is for stdio."""
    if transport == "stdio":
        yield
        return
    with started(str(UNRELIABLE), str(folder), "--http", str(port)):
        wait_for(port)
        yield


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


@asynccontextmanager
async def http_client(url: str) -> AsyncIterator[ClientSession]:
    """The MCP SDK's own client, which knows nothing of us."""
    async with streamable_http_client(url) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def stdio_erp(database: Path) -> AsyncIterator[ClientSession]:
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tools.erp", "--stdio", "--database", str(database)],
        cwd=ROOT,
    )
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def unreliable(folder: Path, contract: Contract = "keyed", **fields) -> ServerEntry:
    """An entry for the server that misbehaves on request, over stdio unless `url_env` is given."""
    answering = ("wrong", "bare", "refuse", "wait", "wait_too", "hold", "count_to_three", "grow", "grown")
    reading = dict.fromkeys((*answering, "die", "vanished"), "read")
    changing = dict.fromkeys(("note", "note_slowly", "note_refused", "note_broken"), contract)
    entry = {
        "name": "unreliable",
        "command": ["python", str(UNRELIABLE), str(folder)],
        "sandbox": True,
        "pinned": not fields.get("sandbox", True),
        "timeout_s": 10,
        "tools": {**reading, **changing},
    }
    return ServerEntry(**{**entry, **fields})


async def approve_all(entry: ServerEntry) -> None:
    """Approve whatever the server offers."""
    offered = await pool.open_session(entry)
    save_approvals(entry, {name: offered.describe(name) for name in offered.names})


def permissive(*servers: ServerEntry) -> Policies:
    """Policies that let every call through, to these servers too."""
    return Policies(PERMISSIVE, servers={**our_servers(), **{server.name: server for server in servers}})
