"""Routes: what an operator does to a case, or to many."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from server.engine.actions import Action
from server.engine.bulk import Result, Target, intervene_many
from server.engine.interventions import Intervention, Outcome, intervene
from server.http import examples, intervention_examples, intervention_models
from server.http.context import Actor, Host, HostPart
from server.http.intervention_models import Ask, AskEdit, AskMany, AskSkip
from server.http.problems import problem_of, problem_responses
from server.storage.interventions import select_cases

router = APIRouter(prefix="/v1", tags=["interventions"])

_PROBLEMS = problem_responses(403, 404, 409, 422, 503)


def _described(example: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return {
        "response_model": intervention_models.Outcome,
        "responses": {200: examples.response(example), **_PROBLEMS},
        "openapi_extra": {"requestBody": body},
    }


@router.post("/cases/{id}/retry", **_described(intervention_examples.OUTCOME, intervention_examples.ASK))
async def post_retry(host: HostPart, actor: Actor, id: UUID, body: Ask) -> Any:  # noqa: A002  the path says {id}
    """Let a case in incident go on from its last checkpoint."""
    return await _intervene(host, id, action="retry", ask=body, actor=actor)


@router.post("/cases/{id}/edit", **_described(intervention_examples.EDITED, intervention_examples.EDIT))
async def post_edit(host: HostPart, actor: Actor, id: UUID, body: AskEdit) -> Any:  # noqa: A002
    """Give fields of the state other values; an open question is asked anew."""
    return await _intervene(host, id, action="edit", ask=body, actor=actor, fields=body.fields)


@router.post("/cases/{id}/skip", **_described(intervention_examples.SKIPPED, intervention_examples.SKIP))
async def post_skip(host: HostPart, actor: Actor, id: UUID, body: AskSkip) -> Any:  # noqa: A002
    """Leave the steps that the case stands at, and go on at another one."""
    return await _intervene(host, id, action="skip", ask=body, actor=actor, step=body.step)


@router.post("/cases/{id}/cancel", **_described(intervention_examples.CANCELLED, intervention_examples.ASK))
async def post_cancel(host: HostPart, actor: Actor, id: UUID, body: Ask) -> Any:  # noqa: A002
    """End a case. A step under way ends without effect on it; an effect that has left stays on record."""
    return await _intervene(host, id, action="cancel", ask=body, actor=actor)


@router.post("/cases/{id}/suspend", **_described(intervention_examples.SUSPENDED, intervention_examples.ASK))
async def post_suspend(host: HostPart, actor: Actor, id: UUID, body: Ask) -> Any:  # noqa: A002
    """Let a case rest after its present step. An answer given meanwhile is kept."""
    return await _intervene(host, id, action="suspend", ask=body, actor=actor)


@router.post("/cases/{id}/resume", **_described(intervention_examples.RESUMED, intervention_examples.ASK))
async def post_resume(host: HostPart, actor: Actor, id: UUID, body: Ask) -> Any:  # noqa: A002
    """Let a suspended case go on."""
    return await _intervene(host, id, action="resume", ask=body, actor=actor)


@router.post(
    "/interventions",
    response_model=intervention_models.Results,
    responses={200: examples.response(intervention_examples.RESULTS), **problem_responses(403, 422, 503)},
    openapi_extra={"requestBody": intervention_examples.MANY},
)
async def post_interventions(host: HostPart, actor: Actor, body: AskMany) -> Any:
    """Do the same to many cases. Each is done or refused by itself, and the answer says which."""
    targets, more = await _targets(host, body)
    intervention = Intervention(
        body.action, body.reason, fields=body.fields or {}, step=body.step or "", dry_run=body.dry_run
    )
    results = await intervene_many(
        host.database, host.registry, targets, intervention=intervention, actor=actor
    )
    done = sum(one.outcome is not None for one in results)
    return intervention_models.Results(
        done=done, refused=len(results) - done, more=more, results=[_shown(one) for one in results]
    )


async def _intervene(
    host: Host,
    case_id: UUID,
    *,
    action: Action,
    ask: Ask,
    actor: str,
    fields: dict[str, Any] | None = None,
    step: str = "",
) -> Outcome:
    return await intervene(
        host.database,
        host.registry,
        case_id,
        intervention=Intervention(action, ask.reason, fields=fields or {}, step=step, dry_run=ask.dry_run),
        actor=actor,
        expected_revision=ask.expected_revision,
    )


async def _targets(host: Host, body: AskMany) -> tuple[list[Target], bool]:
    """Return the cases meant, and whether the filter fits more than the limit lets in."""
    if body.filter is None:
        return [Target(one.id, one.expected_revision) for one in body.cases or ()], False
    async with host.database.connection() as connection:
        ids = await select_cases(connection, **body.filter.model_dump(), limit=body.limit + 1)
    return [Target(id_) for id_ in ids[: body.limit]], len(ids) > body.limit


def _shown(result: Result) -> intervention_models.Result:
    outcome = result.outcome and intervention_models.Outcome.model_validate(result.outcome)
    problem = problem_of(result.problem) if result.problem else None
    return intervention_models.Result(case_id=result.case_id, outcome=outcome, problem=problem)
