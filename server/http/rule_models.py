"""The shapes of tables of rules, of what they say, and of what a change would change."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from server.http.models import CaseStatus, Shown

Kind = Literal["decision", "invalid_input", "missing_input", "no_rule", "conflict", "not_in_force"]
# PostgreSQL keeps no NUL in text.
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]
Facts = Annotated[dict[str, Any], Field(description="a fact for each input that is known, by its name")]


class RuleTable(Shown):
    """A table of rules as it is on this host; `digest` is of its text with all overlays."""

    id: str
    version: str
    digest: str
    title: str
    owner: str
    hit: str
    effective_from: date
    effective_to: date | None
    rules: int
    overlays: int
    processes: list[str]


class StoredText(Shown):
    """A text that a table has had on this database, and how many decisions were made by it."""

    digest: str
    version: str
    first_seen_at: datetime


class RuleSheet(BaseModel):
    """The rules as rows of text under headings."""

    headings: list[str]
    rows: list[list[str]]


class RuleTableDetail(RuleTable):
    """A table with its inputs, outputs and rules, its text (`sources`, by file) and the ones before.

    `findings` are what `steward rules check` says of it.
    """

    prose: str
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    sheet: RuleSheet
    findings: list[dict[str, Any]]
    sources: dict[str, str]
    history: list[StoredText]


class Evaluate(BaseModel):
    """Facts to ask a table about, on a day, in a context that decides which overlays apply."""

    model_config = ConfigDict(extra="forbid")

    facts: Facts
    as_of: date
    context: dict[str, str] = {}


class Evaluated(BaseModel):
    """A decision, or why there is none; `why_not` says of each other rule why it did not decide.

    A decision has `rule`, `because` and `outcome`; an escalation has `message` and `inputs`, and `concerned`
    shows the rows that it is about, each with what it `needs`. `without` and `could_change` are missing facts
    that changed nothing, and that could have changed the answer.
    """

    kind: Kind
    table: str
    version: str
    digest: str
    overlays: list[dict[str, Any]]
    as_of: date | None
    facts: dict[str, Any]
    facts_digest: str
    sources: dict[str, str]
    derived: dict[str, Any]
    asked: dict[str, Any]
    rule: str | None = None
    rules: list[str]
    because: str | None = None
    outcome: dict[str, Any] | None = None
    message: str | None = None
    inputs: list[str] = []
    why_not: list[dict[str, Any]]
    overridden: list[dict[str, Any]] = []
    without: list[str] = []
    could_change: list[str]
    concerned: list[dict[str, Any]] = []


class StartBacktest(BaseModel):
    """A text of the table to put past decisions to: the newest `limit`, made since a time if one is given.

    `sum` names the facts whose money is added up; without it those that the table says are money.
    """

    model_config = ConfigDict(extra="forbid")

    text: Text
    since: datetime | None = None
    sum: list[str] | None = None
    limit: int = Field(default=10_000, ge=1, le=100_000)


class ProposeRule(BaseModel):
    """What a table shall say where it could not decide: an outcome as a row writes it, and why."""

    model_config = ConfigDict(extra="forbid")

    table: Annotated[Text, Field(max_length=200)]
    outcome: Annotated[dict[str, str], Field(min_length=1)]
    because: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]


class Said(BaseModel):
    """What was said: an outcome, or the kind of an escalation, and the rules that are named."""

    kind: Kind
    outcome: dict[str, Any]
    rules: list[str]


class Money(BaseModel):
    """A sum in one currency."""

    amount: str
    currency: str


class Flip(BaseModel):
    """Decisions that become another one: the cases, ended and open, and their money by fact."""

    old: Said
    new: Said
    finished: list[UUID]
    open: list[UUID]
    money: dict[str, list[Money]]


class Backtest(BaseModel):
    """What becomes of the decisions that were tried; those that no flip names stay as they are.

    `unasked` are facts that the text does not ask for, and was not told.
    """

    table: str
    old: str
    new: str
    tried: int
    unasked: list[str]
    flips: list[Flip]


class Tried(BaseModel):
    """What became of the decisions that were tried with a proposed rule."""

    tried: int
    unasked: list[str]
    flips: list[Flip]


class ProposedRule(Shown):
    """A rule that a person proposed, as a line of the table's YAML; it decides nothing.

    `text_digest` is of the text that it is proposed for.
    """

    id: UUID
    table_id: str
    rule: str
    line: str
    text_digest: str
    case_id: UUID
    review_id: UUID
    backtest: Tried
    proposed_by: str
    proposed_at: datetime


class CaseDecision(BaseModel):
    """A decision that a case made, and the same one made again from the stored text.

    `differs` is null if it comes out the same. Without a text that can be asked there is no `replay`.
    """

    case_id: UUID
    case_status: CaseStatus
    step: str
    table: str
    text_digest: str
    digest: str
    as_of: date | None
    facts: dict[str, Any]
    facts_digest: str
    kind: Kind
    said: dict[str, Any]
    decided_at: datetime
    differs: str | None
    replay: Evaluated | None
