"""The watchdog over the event loop, each time in a process that it may end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from conftest import ROOT

PROGRAM = """
import asyncio, re, sys, time
from server.engine.watchdog import watched_loop

async def stubborn_step(how):
    print("ready", flush=True)
    if how == "spins":
        while True:
            pass
    if how == "keeps_the_lock":
        re.match("(a+)+$", "a" * 60 + "b")
    await asyncio.sleep(3)

async def main(how):
    async with watched_loop(0.5, tick_s=0.1):
        await stubborn_step(how)

asyncio.run(main(sys.argv[1]))
"""


@contextmanager
def started(how: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM, how]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_loop_that_hangs_ends_its_process_and_shows_where() -> None:
    with started("spins") as process:
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "in stubborn_step" in output
    assert "event_loop_blocked" in output


def test_code_that_keeps_the_interpreters_lock_ends_its_process_too() -> None:
    with started("keeps_the_lock") as process:
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "in stubborn_step" in output


def test_a_process_that_was_frozen_and_woken_goes_on() -> None:
    with started("sleeps") as process:
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1.5)  # longer than the patience, and shorter than the timer outside Python
        os.kill(process.pid, signal.SIGCONT)
        process.communicate(timeout=60)

    assert process.returncode == 0
