"""A TCP proxy that breaks a connection in the ways that networks break them."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CHUNK = 65536


@dataclass
class Trouble:
    """What happens to the traffic now; it may be changed at any time.

    `lose_answer` is the chance that a request whose bytes contain `request` reaches the server and its answer
    does not come back; it was worked on when its answer has the bytes `answer`. `duplicate` sends such a
    request twice. `cut_after` ends a connection after so many
    bytes of answers.
    """

    latency_s: float = 0.0
    bytes_per_s: float | None = None
    black_hole: bool = False
    half_open: bool = False
    cut_after: int | None = None
    lose_answer: float = 0.0
    request: bytes = b""
    answer: bytes = b'"jsonrpc"'
    duplicate: bool = False


class Proxy:
    """Listens on loopback and passes every connection on to `upstream`, as far as its trouble lets it."""

    def __init__(self, upstream: Path | tuple[str, int], *, rng: random.Random) -> None:
        self.trouble = Trouble()
        self.injected = 0
        self.port = 0
        self._upstream = upstream
        self._rng = rng
        self._links: set[_Link] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.trouble = Trouble()
            self.reset()
            while self._links:
                await asyncio.sleep(0.01)

    def reset(self) -> None:
        """Break every connection now, without a farewell."""
        for link in list(self._links):
            link.abort()

    def draws_loss(self, data: bytes) -> bool:
        trouble = self.trouble
        hit = (
            bool(trouble.lose_answer) and trouble.request in data and self._rng.random() < trouble.lose_answer
        )
        self.injected += hit
        return hit

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, client=(reader, writer))
        self._links.add(link)
        try:
            await link.run(self._upstream)
        finally:
            self._links.discard(link)


Side = Literal["request", "answer"]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy: two pumps that end together."""

    def __init__(self, proxy: Proxy, *, client: Stream) -> None:
        self._proxy = proxy
        self._client = client
        self._server: Stream | None = None
        self._losing = False
        self._answered = 0

    async def run(self, upstream: Path | tuple[str, int]) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            self._server = await _connect(upstream)
            pumps = [
                asyncio.create_task(self._pump(self._client[0], self._server[1], side="request")),
                asyncio.create_task(self._pump(self._server[0], self._client[1], side="answer")),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        self.abort()

    def abort(self) -> None:
        for stream in filter(None, (self._client, self._server)):
            stream[1].transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, side: Side) -> None:
        while data := await reader.read(CHUNK):
            trouble = self._proxy.trouble
            if trouble.latency_s:
                await asyncio.sleep(trouble.latency_s)
            while self._swallows(side):
                await asyncio.sleep(0.05)
            if side == "answer" and self._losing:
                if trouble.answer in data:  # the request was worked on: nothing is lost before it is applied
                    return
            elif side == "answer" and self._is_cut(data):
                return
            else:
                await self._pass_on(data, writer, side=side)

    def _swallows(self, side: Side) -> bool:
        """Say whether bytes stand still: in a black hole both ways, on a half-open connection the answers."""
        trouble = self._proxy.trouble
        return trouble.black_hole or (trouble.half_open and side == "answer")

    def _is_cut(self, data: bytes) -> bool:
        self._answered += len(data)
        cut = self._proxy.trouble.cut_after
        return cut is not None and self._answered > cut

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter, *, side: Side) -> None:
        trouble = self._proxy.trouble
        if side == "request":
            self._losing = self._losing or self._proxy.draws_loss(data)
            if trouble.duplicate and trouble.request and trouble.request in data:
                writer.write(data)
        writer.write(data)
        await writer.drain()
        if trouble.bytes_per_s:
            await asyncio.sleep(len(data) / trouble.bytes_per_s)


async def _connect(upstream: Path | tuple[str, int]) -> Stream:
    if isinstance(upstream, Path):
        return await asyncio.open_unix_connection(upstream)
    return await asyncio.open_connection(*upstream)
