"""Routes: the processes that this host runs."""

from typing import Any

from fastapi import APIRouter

from server.http import examples, models
from server.http.context import HostPart
from server.http.problems import problem_responses

router = APIRouter(prefix="/v1/processes", tags=["processes"])


@router.get(
    "", response_model=models.Page[models.Process], responses={200: examples.response(examples.PROCESSES)}
)
async def get_processes(host: HostPart) -> Any:
    """List the processes with their input schemas, steps and pictures."""
    return {"items": list(host.registry), "next": None}


@router.get(
    "/{process}",
    response_model=models.Process,
    responses={200: examples.response(examples.PROCESS), **problem_responses(404)},
)
async def get_process(host: HostPart, process: str) -> Any:
    """Show one process."""
    return host.registry.get(process)
