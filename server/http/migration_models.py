"""The shapes of migrations of cases from one version of their process to another."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from server.http.models import Shown

MovedStatus = Literal["pending", "moved", "refused", "undoing", "undone", "kept"]
_Version = Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Reason = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
MOST_CASES = 10_000


class StartMigration(BaseModel):
    """Which waiting cases go where.

    `steps` maps steps of the old graph to those of the new, `renames` fields of the old state to those of the
    new, and `values` sets fields of the new state. `limit` cases are taken, the oldest first.
    """

    model_config = ConfigDict(extra="forbid")

    from_version: _Version
    to_version: _Version | None = None
    steps: dict[_Name, _Name] = {}
    renames: dict[_Name, _Name] = {}
    values: dict[_Name, JsonValue] = {}
    reason: _Reason
    limit: int = Field(default=MOST_CASES, ge=1, le=MOST_CASES)
    dry_run: bool = False


class UndoMigration(BaseModel):
    """Why a migration is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: _Reason


class Reason(Shown):
    """Why some cases were left alone; `examples` are ids of some of them."""

    why: str
    cases: int
    examples: list[UUID]


class Plan(Shown):
    """Where cases go on, and what becomes of their state."""

    steps: dict[str, str]
    renames: dict[str, str]
    values: dict[str, JsonValue]


class Migration(Shown):
    """A migration: `cases` counts them by what became of them.

    One that was refused stays as it was, and so does one that is kept when the migration is undone, because
    it has gone on since. A dry run has no id.
    """

    id: UUID | None
    process: str
    from_version: str
    to_version: str
    plan: Plan
    reason: str
    started_by: str
    started_at: datetime | None
    cases: dict[MovedStatus, int]
    left_alone: list[Reason]


class MigratedCase(Shown):
    """What a migration did to a case: the checkpoints `before` and `after`, and the reviews it withdrew."""

    case_id: UUID
    status: MovedStatus
    before: str | None
    after: str | None
    reviews: list[UUID]
    why: str | None
    changed_by: str
    changed_at: datetime
