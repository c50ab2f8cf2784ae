"""Questions to a person: what a review shows, and the forms it is answered with."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Comment = Annotated[
    str, Field(max_length=2000, description="The reason, for the record; a rejection needs one.")
]


class Review(BaseModel):
    """What a person sees: the question, why they are asked, and what it rests on.

    Who answers has a part in the `duty` of servers.toml that it is about, or, if none is named, in all.
    """

    question: str
    role: str
    reason: str
    proposal: str | None = None
    evidence: dict[str, JsonValue] = {}
    duty: str | None = None


def reason_of(decision: Mapping[str, Any]) -> str:
    """Say why a table decided as it did, or that it could not."""
    if decision.get("kind") == "decision":
        return f"{decision['because']} ({decision['rule']})"
    return str(decision.get("message", "the rules gave no decision"))


def _needs(decisions: dict[str, str]) -> dict[str, JsonValue]:
    """Say in JSON Schema which decision needs which field, so that a client and the door know it too."""
    return {
        "allOf": [
            {
                "if": {"properties": {"decision": {"const": decision}}},
                "then": {"required": [field], "properties": {field: {"pattern": r"\S"}}},
            }
            for decision, field in decisions.items()
        ]
    }


class Approval(BaseModel):
    """Approve, reject, or have everything looked up again, for instance after a supplier was opened."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_needs({"reject": "comment"}))

    decision: Literal["approve", "reject", "check_again"]
    comment: Comment = ""

    @model_validator(mode="after")
    def _check(self) -> "Approval":
        if self.decision == "reject" and not self.comment.strip():
            raise ValueError("a rejection needs a comment")
        return self


class Settlement(BaseModel):
    """Pay now or when it is due, have everything looked up again, or close the case without a payment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_needs({"do_not_pay": "comment"}))

    decision: Literal["pay_early", "pay_when_due", "check_again", "do_not_pay"]
    comment: Comment = ""

    @model_validator(mode="after")
    def _check(self) -> "Settlement":
        if self.decision == "do_not_pay" and not self.comment.strip():
            raise ValueError("not to pay needs a comment")
        return self


class Completion(BaseModel):
    """Reject a document that cannot be processed, or name the document that replaces it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=_needs({"reject": "comment", "replace": "document"})
    )

    decision: Literal["replace", "reject"]
    document: Annotated[
        str,
        Field(
            max_length=200, description="The reference of the better document, `sha256:…`; to replace only."
        ),
    ] = ""
    comment: Comment = ""

    @model_validator(mode="after")
    def _check(self) -> "Completion":
        if self.decision == "reject" and not self.comment.strip():
            raise ValueError("a rejection needs a comment")
        if self.decision == "replace" and not self.document.strip():
            raise ValueError("to replace the document, name the one to use")
        return self
