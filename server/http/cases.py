"""Routes: start a case, list cases, look into one."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AwareDatetime, ValidationError
from starlette.datastructures import UploadFile

from server.engine.cases import Order, start_case
from server.engine.documents import accept_document
from server.engine.history import History, read_history
from server.engine.registry import Process
from server.errors import BadRequest, UnsupportedDocument
from server.http import examples, models
from server.http.context import Actor, Host, HostPart, Limit, WaitS, Word
from server.http.problems import problem_responses
from server.http.standing import standing_of
from server.storage.cases import get_case, list_cases
from server.storage.effects import list_effects
from server.storage.incidents import list_incidents
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.reviews import list_reviews
from server.storage.timers import list_timers

router = APIRouter(prefix="/v1", tags=["cases"])

_MAX_REVIEWS = 200
_MAX_INCIDENTS = 50


@router.post(
    "/processes/{process}/cases",
    status_code=201,
    response_model=models.CaseStanding,
    responses={
        201: examples.response(examples.CASE_STANDING, headers={"Location": "where the case is"}),
        200: examples.response(
            examples.CASE_STANDING, description="the case that this Idempotency-Key started before"
        ),
        **problem_responses(404, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": examples.START_BODY},
)
async def post_case(
    request: Request,
    response: Response,
    process: str,
    host: HostPart,
    actor: Actor,
    key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)] = None,
    priority: Annotated[int, Query(ge=-100, le=100)] = 0,
    start_at: Annotated[AwareDatetime | None, Query()] = None,
    wait_s: WaitS = 0,
) -> Any:
    """Start a case from a JSON input, or from a file (`multipart/form-data`, field `file`).

    Of the cases that wait to be worked on, those of higher priority go first. With `start_at`, the case waits
    until that time.

    201 says that the case is stored and will be worked on, whatever happens to this host. `wait_s` holds the
    answer back while the case runs.
    """
    found = host.registry.get(process)
    await host.backlog.check(process)
    input_ = await _read_input(request, host, found)
    order = Order(priority, start_at)
    case, is_new = await start_case(host.database, found, input_=input_, actor=actor, key=key, order=order)
    response.headers["Location"] = f"/v1/cases/{case.id}"
    response.status_code = 201 if is_new else 200
    return await standing_of(host, case, wait_s=wait_s)


@router.get(
    "/cases",
    response_model=models.Page[models.Case],
    responses={200: examples.response(examples.page(examples.CASE)), **problem_responses(422, 503)},
)
async def get_cases(
    host: HostPart,
    process: Word | None = None,
    status: models.CaseStatus | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """List cases, newest first."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.transaction() as connection:
        rows = await list_cases(connection, process=process, status=status, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].created_at, page[-1].id)) if more else None}


@router.get(
    "/cases/{id}",
    response_model=models.CaseDetail,
    responses={200: examples.response(examples.CASE_DETAIL), **problem_responses(404, 422, 503)},
)
async def get_case_detail(host: HostPart, id: UUID, wait_s: WaitS = 0) -> Any:  # noqa: A002  the path says {id}
    """Show a case with its state, steps, reviews, timers, effects and incidents."""
    case = await host.watch.wait(id, timeout_s=wait_s)
    async with host.database.connection() as connection:
        reviews = await list_reviews(connection, case_id=id, limit=_MAX_REVIEWS)
        timers = await list_timers(connection, id)
        effects = await list_effects(connection, id)
        incidents = await list_incidents(connection, case_id=id, limit=_MAX_INCIDENTS)
    process = host.registry.find(case.process)
    history = await read_history(host.database, process, id) if process else History({}, [])
    return models.CaseDetail(
        **models.Case.model_validate(case).model_dump(),
        state=history.values,
        steps=[models.Step.model_validate(step) for step in history.steps],
        reviews=[models.Review.model_validate(review) for review in reviews],
        timers=[models.Timer.model_validate(timer) for timer in timers],
        effects=[models.Effect.model_validate(effect) for effect in effects],
        incidents=[models.Incident.model_validate(incident) for incident in incidents],
    )


@router.get(
    "/cases/{id}/status",
    response_model=models.CaseStanding,
    responses={200: examples.response(examples.CASE_STANDING), **problem_responses(404, 422, 503)},
)
async def get_case_status(host: HostPart, id: UUID, wait_s: WaitS = 0) -> Any:  # noqa: A002
    """Show where a case stands and what it asks; `wait_s` holds the answer back while the case runs."""
    async with host.database.connection() as connection:
        case = await get_case(connection, id)
    return await standing_of(host, case, wait_s=wait_s)


async def _read_input(request: Request, host: Host, process: Process) -> dict[str, Any]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _read_file(request, host, process)
    if media_type != "application/json":
        raise UnsupportedDocument("a case starts from application/json or multipart/form-data", field="body")
    body = await request.body()
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is no JSON that can be read", field="body") from error
    try:
        return models.StartCase.model_validate(parsed).input
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise BadRequest(first["msg"], field=".".join(map(str, first["loc"])) or "body") from error


async def _read_file(request: Request, host: Host, process: Process) -> dict[str, Any]:
    if "document" not in process.input_schema.get("properties", {}):
        raise BadRequest(f"process {process.name} takes no file", field="file")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadRequest("one file in the field `file`", field="file")
        content = await file.read()
        limit = host.settings.max_document_bytes
        return {
            "document": await accept_document(host.database, content, name=file.filename or "", limit=limit)
        }
