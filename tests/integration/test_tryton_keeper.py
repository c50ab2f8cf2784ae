"""The keeper: what it runs ends with whoever started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import subprocess, sys, time
command = [sys.executable, "-m", "tools.tryton.setup.keeper", sys.executable, "-u", "-c",
           "import os, time; print(os.getpid()); time.sleep(600)"]
with subprocess.Popen(command, stdin=subprocess.PIPE):
    time.sleep(600)
"""


def test_what_it_runs_ends_when_its_starter_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        kept = int(starter.stdout.readline())

        starter.send_signal(signal.SIGKILL)
        starter.wait()

        assert _is_gone(kept)


def test_it_ends_as_what_it_runs_does() -> None:
    command = [sys.executable, "-m", "tools.tryton.setup.keeper", sys.executable, "-c", "raise SystemExit(7)"]

    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as keeper:
        assert keeper.wait() == 7


def _is_gone(process: int) -> bool:
    """Wait for the end of a process that is no child of ours; give up by count, not by clock."""
    for _ in range(600):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
