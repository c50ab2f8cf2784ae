"""Every error response: one RFC 9457 problem document from one place."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from server.errors import BadRequest, ServerError, Unavailable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error as the API shows it."""

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


def problem_response(error: ServerError) -> JSONResponse:
    headers = {"Retry-After": "1"} if isinstance(error, Unavailable) else None
    title = type(error).code.replace("_", " ").capitalize()
    return _response(
        error.status, code=error.code, title=title, detail=error.message, field=error.field, headers=headers
    )


def _response(
    status: int, *, code: str, title: str, detail: str, field: str | None = None, headers: Any = None
) -> JSONResponse:
    problem = Problem(type=f"/problems/{code}", title=title, status=status, detail=detail, field=field)
    return JSONResponse(
        problem.model_dump(exclude_none=True), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


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
    return _response(
        error.status_code, code=code, title=title, detail=str(error.detail), headers=error.headers
    )


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_crashed", path=request.url.path, error=type(error).__name__)
    return _response(500, code="unexpected", title="Unexpected", detail="the host failed; see its log")
