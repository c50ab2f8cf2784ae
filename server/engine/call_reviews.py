"""Reviews of tool calls: the answer is kept beside the call that was shown, and asked for at the act."""

from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from server.errors import BadRequest, NotPermitted
from server.storage.call_approvals import insert_call_answer
from server.storage.cases import Case
from server.storage.database import Connection
from server.storage.reviews import Review
from tools.effects import digest
from tools.permission import CallApproval

KIND = "call"


class _ShownCall(BaseModel):
    """What the review showed. The answer is about this, whatever else the review says."""

    server: str
    tool: str
    arguments: dict[str, JsonValue]
    place: str


async def keep_call_answer(
    connection: Connection, review: Review, *, case: Case, answer: Any, actor: str
) -> None:
    """Keep the answer, if the review is about a call.

    Raises:
        NotPermitted: whoever started the case approves its call.
        BadRequest: the answer says neither yes nor no.
    """
    if review.body.get("kind") != KIND:
        return
    try:
        shown = _ShownCall.model_validate(review.body.get("evidence"))
        said = CallApproval.model_validate(answer)
    except ValidationError as error:
        raise BadRequest(
            "this review is about a call, and takes approve or reject", field="answer"
        ) from error
    if said.decision == "approve" and actor == case.started_by:
        raise NotPermitted(f"{actor} started the case: somebody else must approve its calls")
    await insert_call_answer(
        connection,
        case.id,
        review_id=review.id,
        place=shown.place,
        server=shown.server,
        tool=shown.tool,
        digest=digest(shown.arguments),
        role=review.role or "",
        decision=said.decision,
        comment=said.comment,
        actor=actor,
    )
