"""What an HTTP response brings of JSON-RPC, bounded and checked before the MCP client reads it."""

from collections.abc import AsyncIterator, Iterator

import httpx

from tools.sessions.lines import Lines
from tools.sessions.messages import LARGEST_BYTES, LOST, MOST_UNASKED, UNUSABLE, error_of, usable

TOO_LARGE = f"it has more than {LARGEST_BYTES // 1024**2} MiB"


async def read_whole(response: httpx.Response, *, request_id: str | int) -> bytes:
    """Read the one answer of a response without events, or return the error that takes its place.

    Raises:
        httpx.TransportError: it broke off.
    """
    body = response.content if response.is_stream_consumed else await _read_bounded(response)
    if len(body) > LARGEST_BYTES:
        return error_of(request_id, code=UNUSABLE, message=TOO_LARGE)
    answer = usable(body, request_id=request_id)
    return answer or error_of(request_id, code=UNUSABLE, message="it does not answer the request")


async def _read_bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST_BYTES:
            await response.aclose()
            break
    return bytes(body)


class _Excess(httpx.ReadError):
    """The stream brings more than anybody should read."""


class Events(httpx.AsyncByteStream):
    """A stream of events which, where it breaks off, says so in a last event of its own.

    The MCP client leaves a stream at its answer, so it sees the last event only if the answer is missing.
    A server that numbers its events expects the client to come back for the rest, and is left alone. Without
    `request_id` the stream brings what nobody asked for, and an excess of that ends it.
    """

    def __init__(self, response: httpx.Response, *, request_id: str | int | None) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  an async client's always is
        self._stream = response.stream
        self._request_id = request_id
        self._numbered = False
        self._lines = Lines(longest=LARGEST_BYTES)
        self._event: list[bytes] = []
        self._size = 0
        self._count = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        code, reason = LOST, "the answer broke off"
        try:
            async for chunk in self._stream:
                for event in self._complete(chunk):
                    yield event
        except httpx.TransportError as error:
            if self._request_id is None:
                raise
            if isinstance(error, _Excess):
                code, self._numbered = UNUSABLE, False
            reason = str(error) or type(error).__name__
        if self._request_id is not None and not self._numbered:
            yield _written([], error_of(self._request_id, code=code, message=reason))

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _complete(self, chunk: bytes) -> Iterator[bytes]:
        """Return the events that end in this chunk, each checked."""
        for line, _ in self._lines.cut(chunk):
            self._size += len(line) + 1
            if self._size > LARGEST_BYTES:
                break
            if line:
                self._event.append(line)
            else:
                if self._event:
                    yield self._checked()
                self._event, self._size = [], 0
        if self._lines.size > LARGEST_BYTES or self._size > LARGEST_BYTES:
            raise _Excess(TOO_LARGE)

    def _checked(self) -> bytes:
        """Write the event anew: what the MCP client reads is what was checked."""
        self._count += 1
        if self._count > MOST_UNASKED:
            raise _Excess(f"there were more than {MOST_UNASKED:,} messages besides it")
        fields = [(name, value.removeprefix(b" ")) for name, _, value in map(_parted, self._event)]
        self._numbered = self._numbered or any(name == b"id" for name, _ in fields)
        data = b"\n".join(value for name, value in fields if name == b"data")
        others = [field for field in fields if field[0] in {b"event", b"id", b"retry"}]
        if data and dict(others).get(b"event", b"message") == b"message":
            data = usable(data, request_id=self._request_id) or b""
        return _written(others, data)


def _parted(line: bytes) -> tuple[bytes, bytes, bytes]:
    return line.partition(b":")


def _written(fields: list[tuple[bytes, bytes]], data: bytes) -> bytes:
    lines = [name + b": " + value for name, value in fields]
    return b"\n".join([*lines, *(b"data: " + line for line in data.split(b"\n")), b"", b""])
