"""Routes: what the policies say of a call, and why."""

from typing import Any

from fastapi import APIRouter

from server.errors import NotPermitted, StartRefused, Unavailable
from server.http import examples
from server.http.context import Actor, Host, HostPart
from server.http.policy_models import ASKED, EXPLAINED, AskPolicies, PolicyExplanation
from server.http.problems import problem_responses
from server.identity.permissions import may
from server.policies.explaining import Explanation, Voice, explain, imagine
from server.policies.rulings import PolicySet
from server.storage.cases import get_case
from tools.ports import Caller

router = APIRouter(prefix="/v1/policy", tags=["policies"])


@router.post(
    "/explain",
    response_model=PolicyExplanation,
    responses={200: examples.response(EXPLAINED), **problem_responses(403, 404, 422, 503)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"examples": {"payment": {"value": ASKED}}}},
        }
    },
)
async def post_explain(host: HostPart, actor: Actor, body: AskPolicies) -> Any:
    """Say whether a call would be allowed, by which policies, and what would have to be different."""
    if not may(actor, "explain", f"tool/{body.tool}"):
        raise NotPermitted(f"{actor} may not see who may call {body.tool}")
    policies, caller = _current(host), await _caller(host, body)
    call = imagine(policies, body.tool, arguments=body.arguments, caller=caller, sources=body.sources)
    return _shown(explain(policies, call))


def _current(host: Host) -> PolicySet:
    try:
        return host.policies.current()
    except StartRefused as error:
        raise Unavailable(f"the policies cannot be used, so that nothing is permitted: {error}") from error


async def _caller(host: Host, body: AskPolicies) -> Caller:
    person, process = body.person, body.process
    if body.case is not None:
        async with host.database.connection() as connection:
            case = await get_case(connection, body.case)
        person, process = person or case.started_by, process or case.process
    return Caller(person, body.agent or f"process/{process}", process)


def _shown(said: Explanation) -> dict[str, Any]:
    verdict = said.verdict
    return {
        "decision": said.decision,
        "reason": verdict.reason,
        "policies": verdict.policies,
        "obligations": verdict.obligations,
        "tried": verdict.tried,
        "advice": said.advice,
        "voices": [_shown_voice(voice) for voice in said.voices],
    }


def _shown_voice(voice: Voice) -> dict[str, Any]:
    policy = voice.policy
    return {
        "id": policy.id,
        "effect": policy.effect,
        "standing": voice.standing,
        "tried": policy.tried,
        "reason": policy.reason,
        "file": policy.file,
        "line": policy.line,
        "text": policy.text,
        "error": voice.error,
    }
