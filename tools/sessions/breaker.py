"""Leaving a server alone that fails: what opens the breaker, and how it closes again."""

import random
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from pydantic import Field

from tools.contracts import Table

WINDOW_S = 30.0
JUDGED_CALLS = 10
FIRST_REST_S = 0.5
# Servers that fail together, as behind one gateway, shall not be probed together.
JITTER = 0.2

BreakerState = Literal["closed", "open", "half_open"]


class BreakerLimits(Table):
    """How much failing a server may do, and how long it is left alone at most."""

    failures: int = Field(default=5, ge=1)
    share: float = Field(default=0.5, gt=0, le=1)
    longest_s: float = Field(default=2.0, ge=FIRST_REST_S, le=3600)


class Breaker:
    """Lets calls through until too many have failed, then none, then one, and by its luck all or none.

    A rest is half a second at first and twice as long after each probe that fails, so that it is never
    longer than the outage before it, nor than its limit.
    """

    def __init__(self, limits: BreakerLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._in_a_row = 0
        self._rests = 0
        self._rests_until: float | None = None
        self._probe: object | None = None

    @property
    def state(self) -> BreakerState:
        if self._rests_until is None:
            return "closed"
        return "open" if self._clock() < self._rests_until else "half_open"

    @property
    def lets_through(self) -> bool:
        return self.state == "closed" or (self.state == "half_open" and self._probe is None)

    def admit(self, call: object) -> None:
        """Count the call as the probe, if it is one; what `lets_through` must have allowed."""
        if self._rests_until is not None:
            self._probe = call

    def note_success(self, call: object) -> None:
        if self._probe is call:
            self._close()
        elif self._rests_until is None:
            self._remember(failed=False)

    def note_failure(self, call: object) -> None:
        if self._probe is call:
            self._open()
        elif self._rests_until is None:
            self._remember(failed=True)
            if self._in_a_row >= self._limits.failures or self._share() >= self._limits.share:
                self._open()

    def forget(self, call: object) -> None:
        """Take note that the call ended without a sign of how the server is, so that another may probe."""
        if self._probe is call:
            self._probe = None

    def _remember(self, *, failed: bool) -> None:
        now = self._clock()
        self._in_a_row = self._in_a_row + 1 if failed else 0
        self._outcomes.append((now, failed))
        while self._outcomes[0][0] < now - WINDOW_S:
            self._outcomes.popleft()

    def _share(self) -> float:
        """Return the part of the calls within the window that failed; of too few, none."""
        if len(self._outcomes) < JUDGED_CALLS:
            return 0.0
        return sum(failed for _, failed in self._outcomes) / len(self._outcomes)

    def _open(self) -> None:
        rest_s = min(FIRST_REST_S * 2.0 ** min(self._rests, 20), self._limits.longest_s)
        self._rests_until = self._clock() + rest_s * random.uniform(1 - JITTER, 1)  # noqa: S311  no secret
        self._rests += 1
        self._probe = None

    def _close(self) -> None:
        self._outcomes.clear()
        self._in_a_row = self._rests = 0
        self._rests_until = self._probe = None
