"""Host processes from a fork server that has imported the host already: a start takes a tenth of the time.

They are processes like any other: each has its own memory, database connections and log, and dies by SIGKILL.
"""

import asyncio
import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

_context = multiprocessing.get_context("forkserver")
_spawning = multiprocessing.get_context("spawn")
_context.set_forkserver_preload(
    ["server.cli", "server.hosting", "langchain_mcp_adapters.sessions", "launching"]
)

_PR_SET_PDEATHSIG = 1


def launch(arguments: list[str], environment: Mapping[str, str], *, log: Path) -> BaseProcess:
    """Start `steward <arguments>` with these variables added to the environment."""
    given = (arguments, dict(environment), str(log))
    if "LD_PRELOAD" in environment:  # obeyed by a new program only, not by a fork
        with _surrounded(environment):
            fresh = _spawning.Process(target=_become_host, args=given)
            fresh.start()
            return fresh
    process = _context.Process(target=_become_host, args=given)
    process.start()
    return process


@contextmanager
def _surrounded(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def ended(process: BaseProcess) -> int:
    """Wait for the end of a process and return its exit code, negative for a signal."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(process.sentinel, gone.set)  # type: ignore[arg-type]
    try:
        await gone.wait()
    finally:
        loop.remove_reader(process.sentinel)  # type: ignore[arg-type]
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _become_host(arguments: list[str], environment: dict[str, str], log: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # nothing outlives the gauntlet
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    import server.failpoints

    importlib.reload(server.failpoints)  # it reads the environment when it is imported
    from server.cli import main

    sys.argv = ["steward", *arguments]
    main()
