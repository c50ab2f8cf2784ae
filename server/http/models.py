"""The shapes that the API shows. Amounts are decimal text, times are ISO 8601 in UTC."""

from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

CaseStatus = Literal["running", "waiting", "suspended", "incident", "succeeded", "failed", "cancelled"]
ReviewStatus = Literal["open", "answered", "withdrawn"]
IncidentStatus = Literal["open", "resolved"]
IncidentKind = Literal["transient", "permanent", "business", "ambiguous", "forbidden", "limit"]
EffectStatus = Literal["intended", "done", "failed"]
ItemT = TypeVar("ItemT")


class Shown(BaseModel):
    """A row of the host as a caller sees it."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[ItemT]):
    """Some rows, newest first; `next` is the cursor of the page that follows, or null at the end."""

    items: list[ItemT]
    next: str | None


class StartCase(BaseModel):
    """The input of a case. A file is named by its reference, as `POST /v1/documents` returned it."""

    model_config = ConfigDict(extra="forbid")

    input: dict[str, Any]


class Case(Shown):
    """A case: where it stands, what it is about (`title`) and what became of it (`result`).

    `revision` counts its changes; an intervention that names one changes that one or none.
    `version` is that of the process which the case goes on under.
    """

    id: UUID
    process: str
    version: str
    status: CaseStatus
    title: str | None
    result: str | None
    error: dict[str, Any] | None
    attempt: int
    revision: int
    priority: int
    input: dict[str, Any]
    started_by: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class Step(Shown):
    """One execution of a step, and what it changed in the state."""

    number: int
    name: str
    status: Literal["done", "waiting", "open"]
    started_at: datetime
    ended_at: datetime | None
    update: dict[str, Any] | None


class Effect(Shown):
    """A consequential tool call: what was sent under which key, and what the system of record answered.

    `sources` says which tool's answer an argument that needs a witness came from, by the argument's path,
    `settled_by` what the outcome is known by, `undoes` which effect this one takes back, and
    `compensated_at` when this one was taken back.
    """

    key: str
    case_id: UUID
    step: str
    server: str
    tool: str
    contract: str
    arguments: dict[str, Any]
    verdict: dict[str, Any]
    sources: dict[str, str]
    status: EffectStatus
    tries: int
    receipt: dict[str, Any] | None
    error: dict[str, Any] | None
    settled_by: Literal["answer", "lookup", "operator"] | None
    undoes: str | None
    intended_at: datetime
    tried_at: datetime
    ended_at: datetime | None
    compensated_at: datetime | None


class Review(Shown):
    """A question to a person. `form` is the JSON Schema that the answer must fit."""

    id: UUID
    case_id: UUID
    process: str
    title: str | None
    status: ReviewStatus
    question: str
    role: str | None
    body: dict[str, Any]
    form: dict[str, Any] | None
    answer: Any
    answered_by: str | None
    opened_at: datetime
    answered_at: datetime | None


class Incident(Shown):
    """A case that could not go on by itself: at which step and why, and what an operator did about it.

    `kind` says whether a repeat may help. Incidents of one cause share their `group_key`.
    """

    id: UUID
    case_id: UUID
    process: str
    step: str | None
    code: str
    kind: IncidentKind
    message: str
    detail: dict[str, Any]
    attempts: int
    group_key: str
    status: IncidentStatus
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_how: str | None
    reason: str | None


class IncidentGroup(Shown):
    """The open incidents of one cause, `step` if it is the same of all; `message` is that of the newest."""

    group_key: str
    process: str
    step: str | None
    code: str
    kind: IncidentKind
    message: str
    count: int
    oldest_at: datetime
    newest_at: datetime


class Timer(Shown):
    """A moment at which the host brings the case on by itself."""

    id: UUID
    kind: str
    status: Literal["set", "fired", "cancelled"]
    due_at: datetime
    set_at: datetime
    ended_at: datetime | None


class CaseDetail(Case):
    """A case with all that happened in it."""

    state: dict[str, Any]
    steps: list[Step]
    reviews: list[Review]
    timers: list[Timer]
    effects: list[Effect]
    incidents: list[Incident]


class CaseStanding(Case):
    """Where a case stands: the case, and the reviews that wait for an answer."""

    reviews: list[Review]


class AnsweredReview(Review):
    """A review and its answer; `case` is where the case stands after `wait_s`, or null without it."""

    case: CaseStanding | None


class Answer(BaseModel):
    """The answer to a review."""

    model_config = ConfigDict(extra="forbid")

    answer: Any


class SettleEffect(BaseModel):
    """What an operator found out about an effect: `receipt` is what the tool would have answered."""

    model_config = ConfigDict(extra="forbid")

    happened: bool
    receipt: dict[str, Any] | None = None
    reason: str = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def receipt_of_what_happened(self) -> Self:
        if self.happened != (self.receipt is not None):
            raise ValueError("an effect that happened has a receipt, and no other")
        return self


class ProcessStep(Shown):
    """A step of a process and what it does."""

    name: str
    doc: str


class Process(Shown):
    """A process: what a case of it takes, its steps, and its picture in Mermaid."""

    name: str
    version: str
    doc: str
    input_schema: dict[str, Any]
    steps: list[ProcessStep]
    mermaid: str


class Document(Shown):
    """A stored file under the name of its content."""

    id: str
    name: str
    media_type: str
    created_at: datetime


class Health(BaseModel):
    """Whether the host works; `parts` says so of each part."""

    status: Literal["ok", "unavailable"]
    parts: dict[str, bool]


class Keys(BaseModel):
    """Public keys of this host (JWKS)."""

    keys: list[dict[str, str]]


class Finding(Shown):
    """One thing wrong with a text, and where: line and column count from 1."""

    file: str
    line: int
    column: int
    message: str


class Problem(BaseModel):
    """An error as the API shows it; `findings` are all that is wrong with a text."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/not_found",
                "title": "Not found",
                "status": 404,
                "detail": "there is no case 6f1c3b1e-0d5c-4f0e-9a83-111111111111",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    findings: list[Finding] | None = None
