"""Places where a test may break this process: off unless the environment names one.

`STEWARD_FAILPOINT=<point>:<action>:<nth>` acts when the point is passed for the nth time: `kill` and `stop`
send this process SIGKILL and SIGSTOP, `raise` raises, `sleep` sleeps for ten seconds. Commas part several.
"""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

from server.errors import StartRefused

VARIABLE = "STEWARD_FAILPOINT"
SLEEP_S = 10.0

Point = Literal[
    "accept_before_commit",
    "accept_after_commit",
    "claim_before_commit",
    "claim_after_commit",
    "checkpoint_before_write",
    "checkpoint_after_write",
    "effect_before_intent",
    "effect_after_intent",
    "effect_after_repeat",
    "effect_answered",
    "effect_recorded",
    "decision_before_commit",
    "decision_after_commit",
    "end_before_commit",
    "end_after_commit",
    "answer_before_commit",
    "answer_after_commit",
    "move_before_commit",
    "move_after_commit",
    "timer_before_commit",
    "timer_after_commit",
    "intervention_before_commit",
    "intervention_after_commit",
    "schedule_before_commit",
    "schedule_after_commit",
]
Action = Literal["kill", "stop", "raise", "sleep"]


class InjectedFault(Exception):
    """What the action `raise` raises."""


@dataclass(frozen=True)
class Fault:
    """One action, at the `nth` time that its point is passed, counted from 1."""

    action: Action
    nth: int


def parse_faults(text: str) -> dict[str, Fault]:
    """Read the variable's value.

    Raises:
        StartRefused: it names no point or no action, or the count is no number.
    """
    faults = {}
    for part in filter(None, text.split(",")):
        point, _, rest = part.partition(":")
        action, _, nth = rest.partition(":")
        if point not in get_args(Point) or action not in get_args(Action) or not nth.isdecimal():
            raise StartRefused(f"{VARIABLE}: {part!r} is not <point>:<kill|stop|raise|sleep>:<nth>")
        faults[point] = Fault(action, int(nth))  # type: ignore[arg-type]  # checked on the line above
    return faults


_faults = parse_faults(os.environ.get(VARIABLE, ""))
_passed: Counter[str] = Counter()


def pass_point(point: Point) -> None:
    """Do what the environment says happens here; nothing, in operation."""
    if not _faults or point not in _faults:
        return
    _passed[point] += 1
    if _passed[point] == _faults[point].nth:
        _act(_faults[point].action, point)


def _act(action: Action, point: str) -> None:
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "sleep":
            time.sleep(SLEEP_S)
        case "raise":
            raise InjectedFault(point)
