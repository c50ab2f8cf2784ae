"""The shapes of interventions and stops."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.engine.actions import MAX_CASES, Action, Scope
from server.http.models import CaseStatus, Problem, Shown

# PostgreSQL keeps no NUL in text.
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Reason = Annotated[
    str,
    Field(max_length=2000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", description="why, for the audit trail"),
]
Fields = Annotated[
    dict[str, Any], Field(min_length=1, description="fields of the state and the values they get")
]
Step = Annotated[Text, Field(description="the step to go on at")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason
    dry_run: bool = Field(default=False, description="say what would happen and change nothing")


class Ask(_Asked):
    """Intervene in a case; `expected_revision` refuses when the case was changed since you looked."""

    expected_revision: int | None = None


class AskEdit(Ask):
    """Give fields of the state other values. An open question is withdrawn and asked again."""

    fields: Fields


class AskSkip(Ask):
    """Leave the present steps and go on at another one."""

    step: Step


class CaseAt(BaseModel):
    """A case, and the revision at which you saw it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    expected_revision: int | None = None


class CaseFilter(BaseModel):
    """Which cases: those of an incident's group, of a process, or that stand in a status."""

    model_config = ConfigDict(extra="forbid")

    group: Text | None = None
    process: Text | None = None
    status: CaseStatus | None = None

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        if self.group is None and self.process is None and self.status is None:
            raise ValueError("a filter names a group, a process or a status")
        return self


class AskMany(_Asked):
    """Intervene in the `cases` listed, or in up to `limit` that fit the `filter`, oldest first."""

    action: Action
    cases: Annotated[list[CaseAt], Field(min_length=1, max_length=MAX_CASES)] | None = None
    filter: CaseFilter | None = None
    limit: int = Field(default=MAX_CASES, ge=1, le=MAX_CASES)
    fields: Fields | None = None
    step: Step | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cases is None) == (self.filter is None):
            raise ValueError("name the cases by either `cases` or `filter`")
        if (self.action == "edit") != (self.fields is not None):
            raise ValueError("`fields` are for edit, which needs them")
        if (self.action == "skip") != (self.step is not None):
            raise ValueError("`step` is for skip, which needs it")
        return self


class Edited(Shown):
    """What a field of the state held before and holds after."""

    before: Any
    after: Any


class Change(Shown):
    """What came of an intervention beside the status.

    `run` is what became of the case's run, `withdrawn` are reviews. `repeats` are effects that the step
    skipped to has had and will have again, `unsettled` those of which nobody knows whether they happened.
    """

    run: Literal["enqueued", "kept", "cancelled"] | None
    withdrawn: list[UUID]
    fields: dict[str, Edited]
    repeats: list[str]
    unsettled: list[str]


class Outcome(Shown):
    """What an intervention did, or would do: the case's status before and after, and the rest."""

    case_id: UUID
    action: Action
    dry_run: bool
    before: CaseStatus
    after: CaseStatus
    revision: int
    incident_id: UUID | None
    change: Change


class Result(BaseModel):
    """What became of one of many cases: its outcome, or the problem for which it was refused."""

    case_id: UUID
    outcome: Outcome | None
    problem: Problem | None


class Results(BaseModel):
    """What became of each case; `more` says that others fit the filter and were left for the next call."""

    done: int
    refused: int
    more: bool
    results: list[Result]


class AskStop(BaseModel):
    """What to stop: everything, a tenant, a process, a tool server, or a tool, as `server.tool`."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope
    value: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    reason: Reason


class AskRelease(BaseModel):
    """Release a stop."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class Stop(Shown):
    """A stop: what may not go on until it is released."""

    id: UUID
    scope: Scope
    value: str
    reason: str
    stopped_by: str
    stopped_at: datetime
    released_by: str | None
    released_at: datetime | None
