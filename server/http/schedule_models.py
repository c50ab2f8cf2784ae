"""The shapes of schedules. Times are ISO 8601 in UTC; the cron line is read in the schedule's zone."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.http.models import Shown

Overlap = Literal["skip", "queue", "allow"]
CatchUp = Literal["none", "one", "all"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Line = Annotated[str, Field(max_length=200, description="minute hour day month weekday")]
Zone = Annotated[str, Field(max_length=64, description="an IANA time zone, such as Europe/Zurich")]


class NewSchedule(BaseModel):
    """What to start, and when.

    `overlap` says what to do at a moment when the case before has not ended: `skip` the moment, `queue` it
    until that case has, or `allow` both. `catch_up` says which moments count that were missed while no host
    ran: `none`, the newest `one`, or `all` of the newest hundred.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    process: Annotated[str, Field(max_length=200)]
    cron: Line
    zone: Zone = "UTC"
    input: dict[str, Any]
    overlap: Overlap = "skip"
    catch_up: CatchUp = "one"
    enabled: bool = True


class ScheduleChange(BaseModel):
    """The parts of a schedule to change; what is left out or null stays as it is."""

    model_config = ConfigDict(extra="forbid")

    cron: Line | None = None
    zone: Zone | None = None
    input: dict[str, Any] | None = None
    overlap: Overlap | None = None
    catch_up: CatchUp | None = None
    enabled: bool | None = None


class Schedule(Shown):
    """A schedule: what it starts, when it does so next, and the case that it started last."""

    id: UUID
    name: str
    process: str
    cron: str
    zone: str
    input: dict[str, Any]
    overlap: Overlap
    catch_up: CatchUp
    enabled: bool
    next_at: datetime | None
    last_at: datetime | None
    last_case: UUID | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class Firing(Shown):
    """A moment of a schedule and what became of it; `reason` says why it started no case."""

    scheduled_for: datetime
    outcome: Literal["started", "queued", "skipped", "missed", "refused"]
    reason: str | None
    case_id: UUID | None
    fired_at: datetime


class ScheduleDetail(Schedule):
    """A schedule with its next moments and what became of the last ones, newest first."""

    upcoming: list[datetime]
    firings: list[Firing]
