"""The words of the operators: what may be done to a case, and what may be stopped."""

from typing import Literal, get_args

Action = Literal["retry", "edit", "skip", "cancel", "suspend", "resume"]
ACTIONS: tuple[Action, ...] = get_args(Action)

Scope = Literal["all", "tenant", "process", "server", "tool"]

MAX_CASES = 1000  # how many cases one call may intervene in
