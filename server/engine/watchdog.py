"""A watchdog over the event loop: a step that never lets go of it stops everything else in the process.

Such a process cannot even drain. It shows where it hangs and ends; other workers take its runs over, and a
case that kills one worker after the other is put aside.
"""

import asyncio
import faulthandler
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from threading import Event, Thread

import structlog

from server.storage.workers import LEASE_S

log = structlog.get_logger()

HARD_FACTOR = 6


@asynccontextmanager
async def watched_loop(patience_s: float = LEASE_S, *, tick_s: float = 1.0) -> AsyncIterator[None]:
    """End the process when the event loop does not run for `patience_s`, while the body runs.

    Time is counted in ticks of the watching thread, not by a clock: a process that was frozen as a whole and
    is woken has missed none. Code that also keeps the interpreter's lock stops that thread too; a timer
    outside Python then ends the process after six times the patience, and one frozen that long as it wakes.
    """
    watchdog = _Watchdog(patience_s, tick_s=tick_s)
    thread = Thread(target=watchdog.watch, name="watchdog", daemon=True)
    beating = asyncio.create_task(watchdog.beat())
    watchdog.wind()
    thread.start()
    try:
        yield
    finally:
        beating.cancel()
        watchdog.stopped.set()
        with suppress(asyncio.CancelledError):
            await beating


class _Watchdog:
    """What the loop and the thread that watches it share."""

    def __init__(self, patience_s: float, *, tick_s: float) -> None:
        self.stopped = Event()
        self._patience_s = patience_s
        self._tick_s = tick_s
        self._beats = 0

    async def beat(self) -> None:
        """Show that the loop runs."""
        while True:
            self._beats += 1
            await asyncio.sleep(self._tick_s)

    def wind(self) -> None:
        """Set the timer outside Python anew."""
        faulthandler.dump_traceback_later(HARD_FACTOR * self._patience_s, exit=True)

    def watch(self) -> None:
        """Count the ticks since the last beat, in a thread of its own."""
        seen, missed = 0, 0
        while not self.stopped.wait(self._tick_s):
            self.wind()
            missed = missed + 1 if self._beats == seen else 0
            seen = self._beats
            if missed * self._tick_s > self._patience_s:
                self._end()
        faulthandler.cancel_dump_traceback_later()

    def _end(self) -> None:
        faulthandler.dump_traceback(all_threads=True)
        log.critical("event_loop_blocked", for_s=self._patience_s)
        os._exit(1)
