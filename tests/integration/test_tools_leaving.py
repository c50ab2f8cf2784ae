"""The last look at the clock before a call leaves: what was held up until then must not arrive."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tools.contracts import KEY_IN_META
from tools.sessions.http_client import HELD_UP, leaving_by, new_client

ANSWER = b'{"jsonrpc": "2.0", "id": 7, "result": {}}'
CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {"name": "pay", "arguments": {}, "_meta": {KEY_IN_META: "k"}},
}


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that notes the bodies that arrive, and answers them."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if body := await reader.read(length):
                bodies.append(body)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
        finally:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp", bodies


@pytest.mark.parametrize(("left_s", "arrives"), [(-1.0, False), (60.0, True)])
async def test_a_call_leaves_in_time_or_not_at_all(left_s: float, arrives: bool) -> None:
    async with listening() as (address, bodies), new_client() as client:
        with leaving_by("k", time.monotonic() + left_s):
            answer = (await client.post(address, json=CALL)).json()

    assert bool(bodies) == arrives
    assert answer.get("error", {}).get("code") == (None if arrives else HELD_UP)


async def test_a_call_under_another_key_is_not_held_up() -> None:
    async with listening() as (address, bodies), new_client() as client:
        with leaving_by("other", time.monotonic() - 1):
            await client.post(address, json=CALL)

    assert len(bodies) == 1
