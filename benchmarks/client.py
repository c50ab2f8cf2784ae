"""A client of the host that costs next to nothing: HTTP/1.1 over one open connection, no more.

A client library would take a third of the machine on which the host is measured.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.reference import ANSWER

_WAIT = "wait_s=60"


@dataclass(frozen=True)
class Timing:
    """How long the two halves of a cycle took, in seconds."""

    start_to_interrupt: float
    answer_to_end: float


class Client:
    """One connection to the API; one request at a time."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        name, _, port = self._host.partition(":")
        self._reader, self._writer = await asyncio.open_connection(name, int(port), limit=2**24)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def cycle(self, input_: dict[str, Any]) -> Timing:
        """Start a case, wait for its review, answer it, wait for the end."""
        begun = time.perf_counter()
        standing = await self.start(input_)
        asked = time.perf_counter()
        await self.answer(standing)
        return Timing(asked - begun, time.perf_counter() - asked)

    async def start(self, input_: dict[str, Any]) -> dict[str, Any]:
        """Start a case and return where it stands once it waits."""
        path = f"/v1/processes/reference/cases?{_WAIT}"
        return self._expected(await self.request("POST", path, {"input": input_}), status="waiting")

    async def answer(self, standing: dict[str, Any]) -> dict[str, Any]:
        """Answer the review of a case that waits and return where it stands at the end."""
        (review,) = standing["reviews"]
        path = f"/v1/reviews/{review['id']}/answer?{_WAIT}"
        answered = await self.request("POST", path, {"answer": ANSWER})
        return self._expected(answered["case"], status="succeeded")

    async def walk(self, input_: dict[str, Any]) -> Timing:
        """Put a case of the growing process through."""
        begun = time.perf_counter()
        path = f"/v1/processes/growing/cases?{_WAIT}"
        self._expected(await self.request("POST", path, {"input": input_}), status="succeeded")
        return Timing(time.perf_counter() - begun, 0)

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of a successful response."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        status, answer = await self._response()
        if not status.startswith("2"):
            raise AssertionError(f"{method} {path} was answered {status}: {answer[:500].decode()}")
        return json.loads(answer)

    async def _response(self) -> tuple[str, bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return head.split(" ", 2)[1], await self._reader.readexactly(length)

    @staticmethod
    def _expected(standing: dict[str, Any], *, status: str) -> dict[str, Any]:
        if standing["status"] != status:
            raise AssertionError(f"case {standing['id']} is {standing['status']}, not {status}")
        return standing
