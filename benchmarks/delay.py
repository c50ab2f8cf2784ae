"""A network between a client and its database: every round trip takes some milliseconds longer.

Bytes are passed on in order, each a fixed time after it came; nothing waits for what went before. It runs as
a process of its own, so that its work counts neither as the client's nor as the database's.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

CHUNK = 256 * 1024
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def delayed(url: str, *, delay_ms: float) -> Iterator[str]:
    """Yield a URL of the same database, behind a network; without a delay, the URL itself."""
    if not delay_ms:
        yield url
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    parts = urlsplit(url)
    command = [sys.executable, "-m", "benchmarks.delay", str(port), _target(url), str(delay_ms / 1000)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the network does not start")
        user = parts.netloc.rpartition("@")[0]
        place = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
        yield urlunsplit(parts._replace(netloc=place, query=""))
    finally:
        process.terminate()
        process.communicate()


def _target(url: str) -> str:
    """Return `host:port`, or the path of the Unix socket, of a database's URL."""
    parts = urlsplit(url)
    directory = parse_qs(parts.query).get("host", [None])[0]
    if directory:
        return f"{directory}/.s.PGSQL.{parse_qs(parts.query).get('port', ['5432'])[0]}"
    return f"{parts.hostname}:{parts.port or 5432}"


async def _serve(port: int, target: str, *, delay_s: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await _open(target)
        await asyncio.gather(_pass_on(reader, outer, delay_s=delay_s), _pass_on(inner, writer, delay_s=0))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    print("ready", flush=True)  # noqa: T201  whoever started it waits for this line
    await server.serve_forever()


async def _open(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if target.startswith("/"):
        return await asyncio.open_unix_connection(target)
    host, _, port = target.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    while data := await reader.read(CHUNK):
        if delay_s:
            loop.call_later(delay_s, writer.write, data)
        else:
            writer.write(data)
    loop.call_later(delay_s, writer.close)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2], delay_s=float(sys.argv[3])))
