"""Where a case has come to rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from langgraph.types import Interrupt, StateSnapshot

from server.errors import ServerError


@dataclass(frozen=True)
class Rest:
    """What the case waits for, which is nothing when it is finished, and its state as far as it is known."""

    interrupts: Sequence[Interrupt]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, state: StateSnapshot) -> Self:
        """Read it off a state.

        A case is finished when no task is left; `next` alone would be empty after some crashes too.

        Raises:
            ServerError: the case does not rest.
        """
        interrupts = [interrupt for task in state.tasks for interrupt in task.interrupts]
        if state.tasks and not interrupts:
            raise ServerError(f"the run stopped before {', '.join(task.name for task in state.tasks)}")
        return cls(interrupts, state.values)

    def tell(self, field: str) -> str | None:
        """Return what the state says of the case in one line, if the process keeps such a field."""
        value = self.values.get(field)
        return value if isinstance(value, str) else None
