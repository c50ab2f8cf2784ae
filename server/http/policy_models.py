"""The shapes of questions to the policies, and of what they say."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from server.http import models

Name = Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")


class AskPolicies(BaseModel):
    """A call that nobody makes. A case says for whom and in which process, where the body does not.

    Without an `agent` it is a step of the process. `sources` says where an argument would come from.
    """

    model_config = ConfigDict(extra="forbid")

    tool: str = Name
    arguments: dict[str, JsonValue] = {}
    person: str | None = Field(default=None, max_length=200)
    process: str | None = Field(default=None, max_length=200)
    agent: str | None = Field(default=None, max_length=200)
    case: UUID | None = None
    sources: dict[str, str] = {}


class Owed(models.Shown):
    """What a permit asks in return: a review by a role, a field of the answer masked, an entry in the log."""

    kind: Literal["review", "mask", "log"]
    detail: str


class PolicyVoice(BaseModel):
    """What one policy says of the call: whether it applies, and if not, whether by condition or by scope."""

    id: str
    effect: Literal["permit", "forbid"]
    standing: Literal["applies", "condition", "scope", "error"]
    tried: bool
    reason: str
    file: str
    line: int
    text: str
    error: str | None


class PolicyExplanation(BaseModel):
    """The decision, and why. `review` means that it is allowed once a person has approved the very call."""

    decision: Literal["allow", "review", "deny"]
    reason: str
    policies: list[str]
    obligations: list[Owed]
    tried: list[str]
    advice: list[str]
    voices: list[PolicyVoice]


ASKED: dict[str, Any] = {
    "tool": "erp.schedule_payment",
    "arguments": {
        "entry": "JE-000001",
        "supplier": "S-1003",
        "currency": "EUR",
        "date": "2026-10-05",
        "amount": "4200.00",
    },
    "person": "anna",
    "process": "expenses",
}
EXPLAINED: dict[str, Any] = {
    "decision": "deny",
    "reason": "no policy permits it",
    "policies": [],
    "obligations": [],
    "tried": [],
    "advice": [
        "invoice-pays (invoice_to_pay.cedar:20) would permit it to another agent, process or server",
        "no policy permits erp.schedule_payment to process/expenses in process expenses",
    ],
    "voices": [
        {
            "id": "invoice-pays",
            "effect": "permit",
            "standing": "scope",
            "tried": False,
            "reason": "Invoice to pay schedules payments below 1,000,000",
            "file": "invoice_to_pay.cedar",
            "line": 20,
            "text": '@id("invoice-pays") ...',
            "error": None,
        }
    ],
}
