"""Waiting for a time: the step pauses here and goes on when the host's clock says so."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from langgraph.types import interrupt
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

LONGEST = timedelta(days=36_525)


class Wait(BaseModel):
    """What the interrupt of a wait says: a moment, or a time from when the host first saw it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["wait"] = "wait"
    until: AwareDatetime | None = None
    for_s: Annotated[float, Field(ge=0, le=LONGEST.total_seconds())] | None = None

    @model_validator(mode="after")
    def _check(self) -> "Wait":
        if (self.until is None) == (self.for_s is None):
            raise ValueError("a wait has either a moment or a length")
        if self.until is not None and self.until.year > 9000:
            raise ValueError("nobody waits until then")
        return self


def wait_until(at: datetime) -> None:
    """Return when the moment `at`, which has a zone, has come; at once if it has passed.

    It is an interrupt: the step runs again from its top, so nothing consequential may stand before it.
    In Studio and in a test whoever resumes decides that the time has come, with any value.
    """
    _pause(Wait(until=at))


def wait_for(length: timedelta) -> None:
    """Return when this much time has passed since the case came to rest here; else as `wait_until`."""
    _pause(Wait(for_s=length.total_seconds()))


def _pause(wait: Wait) -> None:
    interrupt(wait.model_dump(mode="json", exclude_none=True))
