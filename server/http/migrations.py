"""Routes: migrations of waiting cases from one version of their process to another."""

from collections import Counter
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from server.engine.case_migrations import (
    MigrationOrder,
    preview_migration,
    start_migration,
    undo_migration,
)
from server.engine.migration_plan import Plan
from server.engine.payloads import check_payload
from server.engine.registry import Process
from server.http import examples, migration_examples, migration_models, models
from server.http.context import Actor, HostPart, Limit
from server.http.migration_models import StartMigration, UndoMigration
from server.http.problems import problem_responses
from server.storage.case_migrations import (
    Migration,
    count_cases,
    count_reasons,
    get_migration,
    list_migrated_cases,
    list_migrations,
)
from server.storage.database import Connection
from server.storage.pages import decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["migrations"])

_EXAMPLES = 3


@router.post(
    "/processes/{process}/migrations",
    status_code=202,
    response_model=migration_models.Migration,
    responses={
        202: examples.response(migration_examples.MIGRATION, headers={"Location": "where it is"}),
        200: {
            "model": migration_models.Migration,
            **examples.response(migration_examples.PREVIEW, description="what a dry run found"),
        },
        **problem_responses(403, 404, 409, 422, 503),
    },
    openapi_extra={"requestBody": migration_examples.START_BODY},
)
async def post_migration(
    host: HostPart, actor: Actor, response: Response, process: str, body: StartMigration
) -> Any:
    """Order that waiting cases of another version go on under the one that this host has.

    202 says that the order is stored: the workers carry it out, each case whole or not at all.
    """
    found = host.registry.get(process)
    check_payload(body.model_dump(mode="json"), field="body", limits=found.limits)
    order = MigrationOrder(
        from_version=body.from_version,
        to_version=body.to_version,
        plan=Plan(steps=body.steps, renames=body.renames, values=body.values),
        limit=body.limit,
    )
    if body.dry_run:
        response.status_code = 200
        outcomes = await preview_migration(host.database, found, order)
        return _preview(outcomes, body, process=found, actor=actor)
    migration = await start_migration(host.database, found, order, reason=body.reason, actor=actor)
    response.headers["Location"] = f"/v1/migrations/{migration.id}"
    return await _shown_in(host, migration)


@router.get(
    "/processes/{process}/migrations",
    response_model=models.Page[migration_models.Migration],
    responses={
        200: examples.response(examples.page(migration_examples.MIGRATION)),
        **problem_responses(404, 422, 503),
    },
)
async def get_migrations(host: HostPart, process: str, limit: Limit = 50, cursor: str | None = None) -> Any:
    """List the migrations of a process, newest first."""
    after = decode_cursor(cursor) if cursor else None
    name = host.registry.get(process).name
    async with host.database.connection() as connection:
        rows = await list_migrations(connection, process=name, after=after, limit=limit + 1)
        items = [await _shown(connection, row) for row in rows[:limit]]
    last = rows[:limit][-1] if len(rows) > limit else None
    return {"items": items, "next": encode_cursor((last.started_at, last.id)) if last else None}


@router.get(
    "/migrations/{id}",
    response_model=migration_models.Migration,
    responses={200: examples.response(migration_examples.MIGRATION), **problem_responses(404, 422, 503)},
)
async def get_one_migration(host: HostPart, id: UUID) -> Any:  # noqa: A002  the path says {id}
    """Show a migration, and how far it is."""
    async with host.database.connection() as connection:
        return await _shown(connection, await get_migration(connection, id))


@router.get(
    "/migrations/{id}/cases",
    response_model=models.Page[migration_models.MigratedCase],
    responses={
        200: examples.response(examples.page(migration_examples.MIGRATED_CASE)),
        **problem_responses(404, 422, 503),
    },
)
async def get_migrated_cases(
    host: HostPart,
    id: UUID,  # noqa: A002  the path says {id}
    status: migration_models.MovedStatus | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """List the cases of a migration, those that changed last first."""
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        await get_migration(connection, id)
        rows = await list_migrated_cases(connection, id, status=status, after=after, limit=limit + 1)
    last = rows[:limit][-1] if len(rows) > limit else None
    return {
        "items": rows[:limit],
        "next": encode_cursor((last.changed_at, last.case_id)) if last else None,
    }


@router.post(
    "/migrations/{id}/undo",
    status_code=202,
    response_model=migration_models.Migration,
    responses={202: examples.response(migration_examples.MIGRATION), **problem_responses(403, 404, 422, 503)},
    openapi_extra={"requestBody": migration_examples.UNDO_BODY},
)
async def post_undo(host: HostPart, actor: Actor, id: UUID, body: UndoMigration) -> Any:  # noqa: A002
    """Order that every case which has not gone on since is put back to where it was before."""
    return await _shown_in(host, await undo_migration(host.database, id, reason=body.reason, actor=actor))


async def _shown_in(host: HostPart, migration: Migration) -> migration_models.Migration:
    async with host.database.connection() as connection:
        return await _shown(connection, migration)


async def _shown(connection: Connection, migration: Migration) -> migration_models.Migration:
    counts = await count_cases(connection, [migration.id])
    reasons = await count_reasons(connection, migration.id)
    return migration_models.Migration.model_validate(
        {**vars(migration), "cases": counts[migration.id], "left_alone": reasons}
    )


def _preview(
    outcomes: dict[UUID, str | None], body: StartMigration, *, process: Process, actor: str
) -> migration_models.Migration:
    """Show what a dry run found in the shape of a migration."""
    refused = {id_: why for id_, why in outcomes.items() if why is not None}
    counts = {"pending": len(outcomes) - len(refused), "refused": len(refused)}
    reasons = [
        {"why": why, "cases": cases, "examples": [id_ for id_ in refused if refused[id_] == why][:_EXAMPLES]}
        for why, cases in Counter(refused.values()).most_common()
    ]
    return migration_models.Migration.model_validate(
        {
            "id": None,
            "process": process.name,
            "from_version": body.from_version,
            "to_version": process.version,
            "plan": body.model_dump(include={"steps", "renames", "values"}),
            "reason": body.reason,
            "started_by": actor,
            "started_at": None,
            "cases": {status: count for status, count in counts.items() if count},
            "left_alone": reasons,
        }
    )
