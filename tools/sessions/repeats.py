"""How often a server is tried again: what keeps repeats from finishing off a server that struggles."""

import time
from collections import OrderedDict
from collections.abc import Callable

# A tenth of the calls, and every minute as many as a restart of the server costs: each place, three times.
EARNED_BY_CALL = 0.1
OF_CONCURRENCY = 3
REMEMBERED_STEPS = 10_000


class Repeats:
    """A stock of repeats, which calls and time fill, and the steps that have failed at this server.

    The breaker bounds what a server gets that is down. This bounds what one gets that answers some calls and
    fails the others, which repeats would otherwise double or worse. A call of a step that runs again is a
    repeat only if the step has failed at this server: others do not pay for the step's luck elsewhere. What
    an operator starts again is none.
    """

    def __init__(self, concurrency: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(OF_CONCURRENCY * concurrency)
        self._clock = clock
        self._stock = self._most
        self._filled_at = clock()
        self._failed: OrderedDict[str, None] = OrderedDict()

    def note_call(self) -> None:
        self._stock = min(self._most, self._stock + EARNED_BY_CALL)

    def note_failure(self, step: str) -> None:
        self._failed[step] = None
        self._failed.move_to_end(step)
        if len(self._failed) > REMEMBERED_STEPS:
            self._failed.popitem(last=False)

    def has_failed(self, step: str) -> bool:
        return step in self._failed

    def spend(self) -> bool:
        """Take one repeat from the stock, if there is one."""
        now = self._clock()
        self._stock = min(self._most, self._stock + (now - self._filled_at) * self._most / 60)
        self._filled_at = now
        if self._stock < 1:
            return False
        self._stock -= 1
        return True
