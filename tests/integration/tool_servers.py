"""Tool servers as tests start them: real processes, over HTTP or stdio."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tools import pool
from tools.approvals import save_approvals
from tools.ports import Contract
from tools.registry import ServerEntry

ROOT = Path(__file__).parents[2]
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
    reading = dict.fromkeys(("wrong", "bare", "refuse", "wait", "die", "vanished"), "read")
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
