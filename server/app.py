"""The FastAPI application: its parts, its routes, its life."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from server import __version__
from server.engine.backlog import Backlog
from server.engine.quotas import Quotas
from server.engine.registry import load_registry
from server.engine.rulebook import TableTexts
from server.engine.store import DocumentStore
from server.engine.watch import CaseWatch
from server.http import (
    cases,
    documents,
    effects,
    health,
    incidents,
    interventions,
    keys,
    migrations,
    policies,
    processes,
    quotas,
    reviews,
    rules,
    schedules,
    stops,
    tools,
)
from server.http.closing import Farewell
from server.http.context import Host
from server.http.limits import ENVELOPE_BYTES, BodyLimit
from server.http.openapi import keep_nulls_in_examples
from server.http.origins import LocalOnly
from server.http.problems import add_problem_handlers
from server.policies.loading import Policies
from server.settings import Settings
from server.storage.database import Database
from server.storage.versions import save_versions

_FACES = (
    processes,
    cases,
    reviews,
    schedules,
    effects,
    incidents,
    interventions,
    stops,
    policies,
    quotas,
    rules,
    tools,
    migrations,
    documents,
    keys,
    health,
)
ROUTERS = [face.router for face in _FACES]


def create_app(settings: Settings, *, database_url: str) -> FastAPI:
    """Build the application; it opens the database when it starts and closes it when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with Database(database_url) as database:
            registry = load_registry(
                settings.processes, store=DocumentStore(database), own_limits=settings.limits
            )
            async with database.transaction() as connection:
                await save_versions(connection, registry)
            watch = CaseWatch(database)
            watching = asyncio.create_task(watch.run())
            app.state.host = Host(
                database,
                registry,
                settings,
                watch,
                Backlog(database, registry),
                TableTexts(database),
                Policies(settings.policies),
                Quotas(settings.policies),
            )
            try:
                yield
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching

    app = FastAPI(
        title="Steward",
        version=__version__,
        summary="The production runtime for LangGraph business processes",
        lifespan=lifespan,
        redoc_url=None,
    )
    app.add_middleware(LocalOnly)
    app.add_middleware(Farewell)
    app.add_middleware(BodyLimit, limit=settings.max_document_bytes + ENVELOPE_BYTES)
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    keep_nulls_in_examples(app, ROUTERS)
    return app
