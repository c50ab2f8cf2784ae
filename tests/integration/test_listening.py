"""The port that the host listens on."""

import asyncio
import socket

from server.hosting import listening


async def test_an_answer_leaves_without_waiting_for_more_of_it() -> None:
    options: asyncio.Queue[int] = asyncio.Queue()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted: socket.socket = writer.get_extra_info("socket")
        options.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listening(("127.0.0.1", 0)) as listener:
        async with await asyncio.start_server(accept, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            no_delay = await options.get()
            writer.close()
            await writer.wait_closed()

    assert no_delay != 0
