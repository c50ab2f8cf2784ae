"""Routes: is the process alive, can it serve."""

from typing import Any

from fastapi import APIRouter, Response

from server.http import examples, models
from server.http.context import HostPart
from server.storage.database import is_reachable

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=models.Health, responses={200: examples.response(examples.HEALTHY)})
async def get_health() -> Any:
    """Say that this process runs. It asks nothing else: a dead database must restart no healthy server."""
    return {"status": "ok", "parts": {}}


@router.get(
    "/readyz",
    response_model=models.Health,
    responses={
        200: examples.response(examples.READY),
        503: {"model": models.Health, "description": "not ready"},
    },
)
async def get_readiness(host: HostPart, response: Response) -> Any:
    """Say whether this process can serve: 503 while the database does not answer."""
    ready = await is_reachable(host.database)
    response.status_code = 200 if ready else 503
    return {"status": "ok" if ready else "unavailable", "parts": {"database": ready}}
