"""Routes: the tool servers of this host, what they offer, and whether that is approved."""

from typing import Any

from fastapi import APIRouter

from server.http import examples, models
from server.http.problems import problem_responses
from tools.approval.survey import Standing, survey
from tools.contracts import DataClass
from tools.ports import Contract
from tools.registry import our_servers
from tools.sessions.breaker import BreakerState

router = APIRouter(prefix="/v1/tools", tags=["tools"])


class Tool(models.Shown):
    """A tool: what `servers.toml` says of it, and how what its server offers compares with its approval.

    `digest` is that of what the server says of it now. `changes` are the differences, in words. What is not
    listed in `servers.toml` has no `contract`, and cannot be called.
    """

    name: str
    status: Standing
    contract: Contract | None
    data_class: DataClass | None
    timeout_s: float | None
    title: str | None
    digest: str | None
    changes: list[str]


class ToolServer(models.Shown):
    """A tool server. `error` says why it cannot be asked; its tools are then as they were approved.

    `breaker` is `open` while this process of the host leaves the server alone, because its calls failed.
    """

    name: str
    address: str | None
    identity: str
    data_class: DataClass
    sandbox: bool
    pinned: bool
    reachable: bool
    breaker: BreakerState
    error: str | None
    tools: list[Tool]


_EXAMPLE: dict[str, Any] = {
    "name": "erp",
    "address": "http://127.0.0.1:8700/mcp",
    "identity": "none",
    "data_class": "confidential",
    "sandbox": True,
    "pinned": True,
    "reachable": True,
    "breaker": "closed",
    "error": None,
    "tools": [
        {
            "name": "get_order",
            "status": "changed",
            "contract": "read",
            "data_class": "confidential",
            "timeout_s": 20.0,
            "title": None,
            "digest": "sha256:" + "5f" * 32,
            "changes": ['description was "Get an order.", is "Get an order, and all that belongs to it."'],
        }
    ],
}


@router.get(
    "",
    response_model=models.Page[ToolServer],
    responses={200: examples.response(examples.page(_EXAMPLE)), **problem_responses(503)},
)
async def get_tools() -> Any:
    """List the tool servers and their tools, all on one page. Servers are asked, for ten seconds at most."""
    return {"items": await survey(our_servers().values()), "next": None}
