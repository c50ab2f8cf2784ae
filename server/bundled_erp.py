"""The bundled ERP as a process beside the host."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import StartRefused
from server.settings import Settings
from tools.registry import our_servers

URL = "ERP_URL"
_START_S = 20.0
_END_S = 5.0


@contextmanager
def bundled_erp(settings: Settings) -> Iterator[None]:
    """Run the bundled ERP on loopback while the body runs, unless another one stands in its place.

    `ERP_URL` may name one, or the operator's servers one that is reached in another way.

    It ends when this process does, however that ends: it watches the pipe that is its standard input.

    Raises:
        StartRefused: it does not start; its own words are on standard error.
    """
    if os.environ.get(URL) or our_servers()["erp"].url_env != URL:
        yield
        return
    address = f"127.0.0.1:{settings.erp_port or _free_port()}"
    command = [sys.executable, "-m", "tools.erp", "--http", address, "--until-stdin-closes"]
    command += ["--database", str(settings.data / "erp.sqlite3")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            _wait_for(address, process)
            os.environ[URL] = f"http://{address}/mcp"
            yield
        finally:
            os.environ.pop(URL, None)
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise StartRefused(f"the bundled ERP does not answer on {address}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
