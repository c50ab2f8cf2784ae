"""Every error response: one RFC 9457 problem document from one place."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from server.errors import BadRequest, ServerError, TableMalformed, Unavailable
from server.http.models import Finding, Problem

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(ServerError, _on_server_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe error responses for the OpenAPI document."""
    return {
        status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": "problem"}
        for status in statuses
    }


def problem_of(error: ServerError) -> Problem:
    """Describe an error as the API shows it."""
    problem = _problem(error.status, code=error.code, detail=error.message, field=error.field)
    if isinstance(error, TableMalformed):
        problem.findings = [Finding.model_validate(finding) for finding in error.findings]
    return problem


def _problem(status: int, *, code: str, detail: str, field: str | None = None) -> Problem:
    title = code.replace("_", " ").capitalize()
    return Problem(type=f"/problems/{code}", title=title, status=status, detail=detail, field=field)


def problem_response(error: ServerError) -> JSONResponse:
    return _response(
        problem_of(error), headers={"Retry-After": "1"} if isinstance(error, Unavailable) else None
    )


def _response(problem: Problem, *, headers: Any = None) -> JSONResponse:
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


async def _on_server_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ServerError):
        raise error
    if error.status >= 500:
        log.error("request_failed", path=request.url.path, code=error.code, detail=error.message)
    return problem_response(error)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part != "body")
    return problem_response(BadRequest(str(first["msg"]), field=field or "body"))


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, ServerError):  # the framework wraps what reading a body raises
        return problem_response(error.__cause__)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem_response(BadRequest(str(error.detail), field="body"))
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_")
    problem = Problem(
        type=f"/problems/{code}", title=title, status=error.status_code, detail=str(error.detail)
    )
    return _response(problem, headers=error.headers)


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_crashed", path=request.url.path, error=type(error).__name__)
    return _response(_problem(500, code="unexpected", detail="the host failed; see its log"))
