"""A tool server as a process of ours, spoken to over its standard input and output.

It does what the MCP client's own transport does, and bounds what it reads: that one holds a line of any
length, ends at a byte that is no UTF-8, and drops an answer that it cannot read, so that its call would wait.
"""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCMessage
from pydantic import ValidationError

from tools.sessions.lines import Lines
from tools.sessions.messages import LARGEST_BYTES, MOST_UNASKED, find_id, unusable, usable

Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]
Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]

# How much of a line that is too long is let go by, to learn at its end what it answers.
MOST_SKIPPED_BYTES = 8 * LARGEST_BYTES
# How long a server may take to end when its input ends, and again when it is asked to by a signal.
ENDING_S = 2.0


class Excess(Exception):
    """The server writes more than anybody should read."""


@asynccontextmanager
async def started(command: list[str], environment: dict[str, str]) -> AsyncIterator[Streams]:
    """Start the command, and hand out what it says and what is to be said to it; end it afterwards.

    Raises:
        OSError: it cannot be started.
    """
    process = await anyio.open_process(
        command, env={**get_default_environment(), **environment}, stderr=None, start_new_session=True
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("a started process has its streams")
    async with AsyncExitStack() as stack:
        to_us, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        said, to_it = anyio.create_memory_object_stream[SessionMessage](0)
        for stream in (to_us, heard, said, to_it):
            stack.push_async_callback(stream.aclose)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.push_async_callback(_end, process)
        tasks.start_soon(_listen, process.stdout, to_us)
        tasks.start_soon(_speak, process.stdin, to_it)
        yield heard, said
        tasks.cancel_scope.cancel()


async def _listen(output: ByteReceiveStream, to_us: Incoming) -> None:
    async with to_us:
        unasked = _Unasked()
        lines = Lines(longest=LARGEST_BYTES)
        async for chunk in output:
            for line, whole in lines.cut(chunk):
                answer = _message(line, whole=whole)
                unasked.count(answer)
                if answer is not None:
                    await to_us.send(SessionMessage(answer))
            if lines.size > MOST_SKIPPED_BYTES:
                raise Excess("it writes a line without end")


async def _speak(input_: ByteSendStream, to_it: Outgoing) -> None:
    async with to_it:
        async for message in to_it:
            line = message.message.model_dump_json(by_alias=True, exclude_none=True)
            await input_.send(line.encode() + b"\n")


def _message(line: bytes, *, whole: bool) -> JSONRPCMessage | None:
    """Read a line; None if it is none of MCP, such as a log that strayed to the output.

    Raises:
        Excess: it is too long, and nobody knows what it answers.
    """
    reason = f"it has more than {LARGEST_BYTES // 1024**2} MiB"
    message = usable(line) if whole else unusable(find_id(line), reason=reason)
    if message is None and not whole:
        raise Excess("it wrote a line that is too long for an answer")
    try:
        return None if message is None else JSONRPCMessage.model_validate_json(message)
    except ValidationError:
        return None


class _Unasked:
    """How many lines came that answer nothing, since a minute or the last answer."""

    def __init__(self) -> None:
        self._count = 0
        self._since = time.monotonic()

    def count(self, message: JSONRPCMessage | None) -> None:
        """Count a line.

        Raises:
            Excess: there were too many.
        """
        answers = message is not None and not hasattr(message.root, "method")
        self._count = 0 if answers else self._count + 1
        if self._count > MOST_UNASKED:
            if time.monotonic() - self._since < 60:
                raise Excess(f"it wrote more than {MOST_UNASKED:,} lines that nobody asked for")
            self._count = 0
        if self._count == 0:
            self._since = time.monotonic()


async def _end(process: Process) -> None:
    """End the process and those that it started: by the end of its input, by a signal, by force."""
    with anyio.CancelScope(shield=True), suppress(ProcessLookupError):
        if process.stdin is not None:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await process.stdin.aclose()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with anyio.move_on_after(ENDING_S):
                await process.wait()
                break
            os.killpg(process.pid, sign)
        await process.aclose()
