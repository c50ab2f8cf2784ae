"""Routes: the effects of all cases, and an operator's word about one whose outcome nobody wrote down."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from server.engine.limits import DEFAULT
from server.engine.payloads import check_payload
from server.engine.settlement import settle_effect
from server.http import examples, models
from server.http.context import Actor, HostPart, Limit, Word
from server.http.problems import problem_responses
from server.storage.effects import get_effect, list_all_effects
from server.storage.pages import decode_key_cursor, encode_cursor

router = APIRouter(prefix="/v1/effects", tags=["effects"])

# A key has slashes in it, and PostgreSQL keeps no NUL.
Key = Annotated[str, Path(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]


@router.get(
    "",
    response_model=models.Page[models.Effect],
    responses={200: examples.response(examples.page(examples.EFFECT)), **problem_responses(422, 503)},
)
async def get_effects(
    host: HostPart,
    status: models.EffectStatus | None = None,
    server: Word | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """List effects, newest first. Those that stay `intended` while their case stands still need a person."""
    after = decode_key_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_all_effects(connection, status=status, server=server, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].intended_at, page[-1].key)) if more else None}


@router.get(
    "/{key:path}",
    response_model=models.Effect,
    responses={200: examples.response(examples.EFFECT), **problem_responses(404, 422, 503)},
)
async def get_one_effect(host: HostPart, key: Key) -> Any:
    """Show an effect."""
    async with host.database.connection() as connection:
        return await get_effect(connection, key)


@router.post(
    "/{key:path}/settle",
    response_model=models.Effect,
    responses={200: examples.response(examples.SETTLED_EFFECT), **problem_responses(403, 404, 409, 422, 503)},
    openapi_extra={"requestBody": examples.SETTLE_BODY},
)
async def post_settlement(host: HostPart, actor: Actor, key: Key, body: models.SettleEffect) -> Any:
    """Say whether an effect of unknown outcome happened; a retry of its case goes on from that.

    It happened: the step gets the receipt, and nothing is called. It did not: the step calls anew.
    """
    limits = host.registry.limits.of(DEFAULT)
    receipt = check_payload(body.receipt, field="receipt", limits=limits)
    reason = check_payload(body.reason, field="reason", limits=limits)
    return await settle_effect(host.database, key, receipt=receipt, actor=actor, reason=reason)
