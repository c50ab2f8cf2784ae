"""The OpenAPI document, with its examples whole."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


def keep_nulls_in_examples(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Put the routers' examples into the document as they are: FastAPI leaves out every null of them."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        fresh = app.openapi_schema is None
        document = build()
        if fresh:
            for route in [route for router in routers for route in router.routes]:
                if isinstance(route, APIRoute):
                    _restore(document, route)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change the document


def _restore(document: dict[str, Any], route: APIRoute) -> None:
    for method in route.methods or ():
        described = document["paths"][route.path_format][method.lower()]["responses"]
        for status, response in route.responses.items():
            for media_type, content in response.get("content", {}).items():
                if "examples" in content:
                    described[str(status)]["content"][media_type]["examples"] = content["examples"]
