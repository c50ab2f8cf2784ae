"""What a tool call costs its client: ours, beside a raw MCP client and the adapters' session per call."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from statistics import median
from typing import Any, Literal

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.sessions import Connection
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

import tools
from benchmarks.load import percentile
from benchmarks.quotas import new_case
from benchmarks.stage import ROOT, START_S, Stage
from server.engine.guard import HostGuard, caller_of
from server.engine.ledger import PostgresLedger
from server.policies.loading import Policies
from server.storage.database import Database
from tools.contracts import ToolEntry
from tools.ports import install
from tools.registry import ServerEntry, our_servers

ADAPTERS, RAW, OWN, HOST = "adapters, a session a call", "raw client", "ours", "ours, guard and ledger"
TEXT = "RE-2026-0117, S-1001, 1868.30 EUR"
MODULE = "benchmarks.calls_server"
POLICIES = ROOT / "benchmarks" / "policies"
# A session a call starts a process a call, which needs no statistics to be seen.
FEW = 4

Transport = Literal["stdio", "http"]
Do = Callable[[], Awaitable[Any]]
Row = dict[str, Any]


async def measure_calls(
    stage: Stage,
    *,
    rounds: int = 5,
    calls: int = 400,
    transports: Sequence[Transport] = ("stdio", "http"),
    at_once: Sequence[int] = (1, 8, 32),
) -> list[Row]:
    """Return a row for each transport, number of calls at once, and contender, turn by turn.

    CPU is that of this process, in which the client is; the server is another one.
    """
    rows: list[Row] = []
    for transport in transports:
        with running(transport) as port:
            async with contenders(stage, port) as doing:
                for clients in at_once:
                    turns: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in doing}
                    for _ in range(rounds):
                        for name, do in doing.items():
                            number = max(FEW, clients) if name == ADAPTERS else max(calls, clients)
                            turns[name].append(await drive(do, calls=number, clients=clients))
                    rows += [_row(transport, clients, name, taken) for name, taken in turns.items()]
    return rows


@contextmanager
def running(transport: Transport) -> Iterator[int | None]:
    """Run the server where all can reach it over HTTP; over stdio each client starts its own."""
    if transport == "stdio":
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    with subprocess.Popen([sys.executable, "-m", MODULE, str(port)], cwd=ROOT) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


@asynccontextmanager
async def contenders(stage: Stage, port: int | None) -> AsyncIterator[dict[str, Do]]:
    """Hand out what makes one call, for each contender; each has made one."""
    keys = count()
    entry = _entry(port)
    door = tools.Server(entry)
    policies = Policies(POLICIES, servers={**our_servers(), entry.name: entry})
    async with raw_session(port) as raw, Database(stage.url, size=8) as database:
        claim = await new_case(database)
        ledger, guard = PostgresLedger(database, claim), HostGuard(database, claim, policies)
        adapted = (await MultiServerMCPClient({"calls": _connection(port)}).get_tools())[0]

        async def host() -> None:
            with install(ledger=ledger, guard=guard, caller=caller_of(claim)):
                await door.call("book", key=f"{claim.case_id}/{next(keys)}", text=TEXT)

        doing: dict[str, Do] = {
            ADAPTERS: lambda: adapted.ainvoke({"text": TEXT}),
            RAW: lambda: raw.call_tool("look", {"text": TEXT}),
            OWN: lambda: door.call("look", text=TEXT),
            HOST: host,
        }
        for do in doing.values():
            await do()
        yield doing
        await tools.close()


async def drive(do: Do, *, calls: int, clients: int) -> tuple[float, list[float]]:
    """Make that many calls, so many at once; return the CPU seconds of a call, and the seconds of each."""
    left = iter(range(calls))

    async def work() -> list[float]:
        taken = []
        for _ in left:
            began = time.perf_counter()
            await do()
            taken.append(time.perf_counter() - began)
        return taken

    began = time.process_time()
    taken = [each for part in await asyncio.gather(*(work() for _ in range(clients))) for each in part]
    return (time.process_time() - began) / calls, taken


@asynccontextmanager
async def raw_session(port: int | None) -> AsyncIterator[ClientSession]:
    """The MCP SDK's own client, held open."""
    if port is None:
        server = StdioServerParameters(command=sys.executable, args=["-m", MODULE], cwd=ROOT)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            yield session
    else:
        async with (
            streamable_http_client(_url(port)) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            yield session


def _row(transport: Transport, clients: int, name: str, turns: list[tuple[float, list[float]]]) -> Row:
    taken = [each for _, part in turns for each in part]
    return {
        "transport": transport,
        "clients": clients,
        "contender": name,
        "cpu_ms": round(1000 * median(cpu for cpu, _ in turns), 3),
        "cpus_ms": [round(1000 * cpu, 3) for cpu, _ in turns],
        "p50_ms": round(1000 * percentile(taken, 50), 2),
    }


def _entry(port: int | None) -> ServerEntry:
    return ServerEntry(
        name="calls",
        url=None if port is None else _url(port),
        command=["python", "-m", MODULE] if port is None else [],
        sandbox=True,
        pinned=False,
        timeout_s=60,
        concurrency=64,
        tools={"look": ToolEntry(contract="read"), "book": ToolEntry(contract="keyed")},
    )


def _connection(port: int | None) -> Connection:
    if port is None:
        return {"transport": "stdio", "command": sys.executable, "args": ["-m", MODULE], "cwd": ROOT}
    return {"transport": "streamable_http", "url": _url(port)}


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/mcp"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")
