"""Permission at the act: the guard is asked, and a person too where it wants one.

A call that needs a review pauses its step. The answer that resumes the step is not the permission: it only
says that the guard may be asked again, and the guard asks its own records.
"""

from typing import Annotated, Literal

from langgraph.types import interrupt
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from tools.errors import NotAllowed
from tools.ports import Call, Verdict, current_guard

MASK = "***"


class CallApproval(BaseModel):
    """Approve this one call with these arguments, or reject it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "if": {"properties": {"decision": {"const": "reject"}}},
            "then": {"required": ["comment"], "properties": {"comment": {"pattern": r"\S"}}},
        },
    )

    decision: Literal["approve", "reject"]
    comment: Annotated[
        str, Field(max_length=2000, description="The reason, for the record; a rejection needs one.")
    ] = ""

    @model_validator(mode="after")
    def _check(self) -> "CallApproval":
        if self.decision == "reject" and not self.comment.strip():
            raise ValueError("a rejection needs a comment")
        return self


async def permit(call: Call) -> Verdict:
    """Ask the guard, and pause the step for the reviews that it wants.

    LangGraph hands the answers of a step out by their order, so that each one ever given about this call must
    be taken up again when the step runs again.

    Raises:
        NotAllowed: it says no.
    """
    asked, verdict = 0, await current_guard().decide(call)
    while asked < verdict.answered or verdict.pending:
        if call.case is None:
            break
        interrupt(_review(call, verdict), response_schema=CallApproval)
        asked += 1
        if asked > verdict.answered:
            verdict = await current_guard().decide(call)
    return _allowed(call, verdict)


async def permit_again(call: Call) -> Verdict:
    """Ask the guard once more about a call that was permitted in this execution of its step.

    Raises:
        NotAllowed: it says no now.
    """
    return _allowed(call, await current_guard().decide(call))


def masked(answer: dict[str, JsonValue], verdict: Verdict) -> dict[str, JsonValue]:
    """Return the answer without what the verdict hides; in a list, it is hidden in each item."""
    for owed in verdict.obligations:
        if owed.kind == "mask":
            answer = {**answer, **_hidden(answer, owed.detail.split("."))}
    return answer


def _hidden(value: dict[str, JsonValue], path: list[str]) -> dict[str, JsonValue]:
    first, *rest = path
    return {**value, first: _hide(value[first], rest)} if first in value else value


def _hide(value: JsonValue, path: list[str]) -> JsonValue:
    if isinstance(value, list) and path:
        return [_hide(item, path) for item in value]
    if path:
        return _hidden(value, path) if isinstance(value, dict) else value
    return None if value is None else MASK


def _allowed(call: Call, verdict: Verdict) -> Verdict:
    if not verdict.allowed:
        raise NotAllowed(f"{call.server}.{call.tool} is not allowed: {verdict.reason}")
    return verdict


def _review(call: Call, verdict: Verdict) -> dict[str, JsonValue]:
    """Say what is asked of a person: this call and no other."""
    name = f"{call.server}.{call.tool}"
    return {
        "kind": "call",
        "question": f"May {call.caller.agent} call {name} for {call.caller.person}?",
        "role": verdict.pending,
        "reason": verdict.reason,
        "evidence": {
            "server": call.server,
            "tool": call.tool,
            "arguments": call.arguments,
            "place": call.place,
            "policies": list(verdict.policies),
        },
    }
