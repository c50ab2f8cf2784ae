"""Route: the public halves of the keys by which this host says for whom it calls a tool server."""

from typing import Any

from fastapi import APIRouter, Response

from server.http import examples, models
from tools.credentials.assertions import public_keys

router = APIRouter(tags=["keys"])

# Shorter than the time for which both keys stand in the file when one is rotated.
KEPT_S = 300


@router.get(
    "/.well-known/jwks.json", response_model=models.Keys, responses={200: examples.response(examples.KEYS)}
)
async def get_keys(response: Response) -> Any:
    """Show the keys that an authorisation server checks our assertions with (JWKS)."""
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    return {"keys": public_keys()}
