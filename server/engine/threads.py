"""The threads in which synchronous steps run, and what becomes of one that does not end.

A thread cannot be ended from outside. One whose step nobody waits for any more, because its deadline is over,
goes on in vain: it is lost, and when too many are, the process has to be replaced.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import structlog

log = structlog.get_logger()

SPARE = 16  # threads besides one a run: for steps that run at the same time, and for those that are lost
MAX_LOST = 3
LOST_AFTER_S = 5.0  # a step that was cancelled because its neighbour failed ends soon, as a rule


class StepThreads(ThreadPoolExecutor):
    """A pool that knows which of its threads are lost, and does not wait for them at the end."""

    def __init__(self, runs: int) -> None:
        super().__init__(max_workers=runs + SPARE, thread_name_prefix="step")
        self._abandoned: dict[Future[Any], float] = {}
        self._lock = Lock()
        self.worn_out = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`."""
        call = _Call(partial(fn, *args, **kwargs), threads=self)
        super().submit(call.run)
        return call

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor.shutdown`."""
        super().shutdown(wait=wait and not self.lost(), cancel_futures=cancel_futures)

    def abandon(self, call: Future[Any]) -> None:
        """Note that nobody waits for the call any more."""
        with self._lock:
            if not call.done():
                self._abandoned[call] = time.monotonic()

    def regain(self, call: Future[Any]) -> None:
        """Note that the call has ended after all."""
        with self._lock:
            self._abandoned.pop(call, None)

    def lost(self, *, after_s: float = 0) -> int:
        """Count the threads that have worked in vain for that long."""
        with self._lock:
            return sum(time.monotonic() - since >= after_s for since in self._abandoned.values())

    async def until_worn_out(self) -> None:
        """Return when too many threads are lost for the process to go on."""
        while (lost := self.lost(after_s=LOST_AFTER_S)) <= MAX_LOST:  # noqa: ASYNC110  threads set no event
            await asyncio.sleep(1)
        self.worn_out = True
        log.error("threads_lost", lost=lost)


class _Call(Future[Any]):
    """One call in a thread. It tells its pool when it is given up while it runs."""

    def __init__(self, function: Callable[[], Any], *, threads: StepThreads) -> None:
        super().__init__()
        self._function = function
        self._threads = threads

    def run(self) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self._function())
        except BaseException as error:  # noqa: BLE001  whoever waits for the call gets it
            self.set_exception(error)
        finally:
            self._threads.regain(self)

    def cancel(self) -> bool:
        """See `Future.cancel`; asyncio calls it when the one who waited was cancelled."""
        if super().cancel():
            return True
        self._threads.abandon(self)
        return False
