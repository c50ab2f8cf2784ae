"""F46: a secret in every place that has one, and servers that repeat all they are sent."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import psycopg
from gossiping_server import TOOLS
from oracles import Violation
from secret_places import SERVERS, Places, secret_places
from stage import Stage
from trial import Ground, Outcome

from tools.credentials.redaction import HIDDEN

AT_ONCE = 6
MARKER = "marker-of-this-case"
PAGES = (
    "/v1/cases",
    "/v1/effects",
    "/v1/incidents",
    "/v1/reviews",
    "/openapi.json",
    "/.well-known/jwks.json",
)
_TABLES = """
    SELECT table_schema || '.' || quote_ident(table_name) FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""


async def canaries(ground: Ground, n: int) -> Outcome:
    """F46: calls of every kind to servers that say in every way what they were sent; nobody else hears it."""
    outcome = Outcome(n=n)
    folder = ground.folder / "secrets"
    folder.mkdir()
    with secret_places(folder) as places:
        async with trace_sink() as (sink, traces):
            environment = {
                **places.environment,
                "LANGSMITH_TRACING": "true",
                "LANGSMITH_API_KEY": places.canary("langsmith"),
                "LANGSMITH_ENDPOINT": sink,
                "LANGSMITH_DISABLE_RUN_COMPRESSION": "true",
                "STEWARD_LOG_LEVEL": "DEBUG",
            }
            password = places.canary("database")
            async with ground.staged(
                "F46", apis=1, workers=1, password=password, environment=environment
            ) as stage:
                commands = await _work(stage, n)
                heard = {
                    "responses": await _responses(stage),
                    "database": await _dump(stage),
                    "process list": commands,
                }
            heard |= {"logs": _logs(stage.folder), "traces": b"\n".join(traces)}
        outcome.violations = [*_leaks(places, heard), *_deaf(heard)]
    outcome.figures = {"secrets": str(len(places.all_canaries())), **_sizes(heard)}
    return outcome


async def _work(stage: Stage, n: int) -> bytes:
    """Let n cases call; return the command lines of every process meanwhile."""
    slots, commands = asyncio.Semaphore(AT_ONCE), set[bytes]()
    client = stage.driver.clients[0]

    async def case(server: str, tool: str) -> None:
        async with slots:
            question = {"input": {"server": server, "tool": tool, "marker": MARKER}}
            started = await client.post(
                "/v1/processes/gossip/cases", json=question, headers={"Steward-Actor": "anna"}
            )
            case_id = started.raise_for_status().json()["id"]
            while await stage.number(
                "SELECT count(*) FROM cases WHERE id::text = %s AND status = 'running'", case_id
            ):
                commands.update(_command_lines())
                await asyncio.sleep(0.1)

    # The lengths of the lists share no factor, so every tool comes to every server, and a few cases vary.
    pairs = islice(zip(cycle(SERVERS), cycle(TOOLS), strict=False), n)
    await asyncio.gather(*(case(server, tool) for server, tool in pairs))
    return b"\n".join(commands)


def _command_lines() -> Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:
            continue  # it has ended meanwhile


async def _responses(stage: Stage) -> bytes:
    """Ask for everything that the API shows, and for some things that it refuses."""
    client, heard = stage.driver.clients[0], list[bytes]()

    async def get(path: str, **query: Any) -> Any:
        response = await client.get(path, params=query)
        heard.append(repr(response.headers).encode() + response.content)
        return response.json() if response.is_success else {}

    for page in PAGES:
        shown = await get(page, limit=200) if page.startswith("/v1") else await get(page)
        for item in shown.get("items", []):
            if "id" in item:
                await get(f"{page}/{item['id']}")
    response = await client.post("/v1/processes/gossip/cases", json={"server": 1})
    heard.append(response.content)
    return b"\n".join(heard)


async def _dump(stage: Stage) -> bytes:
    """Return every row of every table as text, bytes in a form in which a secret stays what it is."""
    async with await psycopg.AsyncConnection.connect(stage.url) as connection:
        await connection.execute("SET bytea_output = 'escape'")
        tables = await (await connection.execute(_TABLES)).fetchall()
        rows = [
            str(row)
            for [table] in tables
            for [row] in await (
                await connection.execute(f"SELECT t::text FROM {table} t".encode())
            ).fetchall()
        ]
    return "\n".join(rows).encode(errors="replace")


def _logs(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in folder.glob("*.log"))


def _leaks(places: Places, heard: dict[str, bytes]) -> Iterator[Violation]:
    for where, text in heard.items():
        for place in places.found_in(text):
            yield Violation("F46", f"the secret {place!r} stands in the {where}")


def _deaf(heard: dict[str, bytes]) -> Iterator[Violation]:
    """Say where nothing could have been found: nothing that a server repeated came there, and was hidden."""
    for where in ("responses", "database", "traces", "logs"):
        if HIDDEN.encode() not in heard[where]:
            yield Violation("F46", f"the {where} hold nothing that a server repeated")


def _sizes(heard: dict[str, bytes]) -> dict[str, str]:
    return {f"{where}, searched": f"{len(text) / 1024:,.0f} KB" for where, text in heard.items()}


@asynccontextmanager
async def trace_sink():
    """Take what a tracer sends; the value is the address and the bodies that came."""
    bodies = list[bytes]()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            bodies.append(await _body(reader, head))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", bodies


async def _head(reader: asyncio.StreamReader) -> httpx.Headers | None:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return httpx.Headers([line.split(": ", 1) for line in lines])


async def _body(reader: asyncio.StreamReader, head: httpx.Headers) -> bytes:
    if head.get("Transfer-Encoding") != "chunked":
        return await reader.readexactly(int(head.get("Content-Length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
