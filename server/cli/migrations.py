"""The commands that take waiting cases to a changed process, and back."""

import json
import time
from typing import Annotated, Any
from uuid import UUID

import typer

from server.cli.api import DEFAULT_URL, Api
from server.cli.options import Actor, Json, Limit, Url
from server.cli.tables import Grid, Id, console_of, show
from server.http.migration_models import Migration

POLL_S = 0.5

Reason = Annotated[str, typer.Option(help="Why, for the audit trail.")]
ProcessName = Annotated[str, typer.Option(help="The process.")]


def migrate_cases(
    *,
    process: ProcessName,
    from_: Annotated[str, typer.Option("--from", help="The version that the cases wait under.")],
    to: Annotated[str | None, typer.Option(help="The version to go on under; else the server's.")] = None,
    steps: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="Where a step goes on; repeatable.")
    ] = None,
    renames: Annotated[
        list[str] | None, typer.Option("--rename", metavar="OLD=NEW", help="A field's new name; repeatable.")
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field's value; repeatable.")
    ] = None,
    reason: Reason,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    batch: Annotated[int | None, typer.Option(min=1, help="Take so many cases, the oldest first.")] = None,
    wait: Annotated[bool, typer.Option(help="Follow it until no case is pending.")] = True,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Let waiting cases go on under the present version of their process; exit with 1 if one cannot."""
    order: dict[str, Any] = {
        "from_version": from_,
        "to_version": to,
        "steps": _pairs(steps, option="--map"),
        "renames": _pairs(renames, option="--rename"),
        "values": {name: _value(text) for name, text in _pairs(values, option="--set").items()},
        "reason": reason,
        "dry_run": dry_run,
    }
    if batch is not None:
        order["limit"] = batch
    with Api(url, actor=actor) as api:
        migration = api.start_migration(process, order)
        if wait and migration.id:
            migration = _followed(api, migration.id)
    _print(migration, as_json=as_json)
    if migration.cases.get("refused"):
        raise typer.Exit(1)


def migrations(
    *, process: ProcessName, limit: Limit = 20, url: Url = DEFAULT_URL, as_json: Json = False
) -> None:
    """List the migrations of a process's cases, newest first."""
    with Api(url) as api:
        page = api.list_migrations(process, limit=limit)
    if as_json:
        typer.echo(page.model_dump_json(ensure_ascii=True))
        return
    rows = [
        (Id(one.id or ""), one.from_version, one.to_version, _counts(one), one.started_by, one.reason)
        for one in page.items
    ]
    show(console_of(), [Grid(rows, ("id", "from", "to", "cases", "by", "reason"))])


def undo_migration(
    id_: Annotated[UUID, typer.Argument(metavar="ID", help="The migration.")],
    *,
    reason: Reason,
    wait: Annotated[bool, typer.Option(help="Follow it until every case is put back or kept.")] = True,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Put every case that has not gone on since back to where it was before a migration."""
    with Api(url, actor=actor) as api:
        migration = api.undo_migration(id_, reason=reason)
        if wait:
            migration = _followed(api, id_)
    _print(migration, as_json=as_json)


def _followed(api: Api, id_: UUID) -> Migration:
    while True:
        migration = api.get_migration(id_)
        if not (migration.cases.get("pending") or migration.cases.get("undoing")):
            return migration
        time.sleep(POLL_S)


def _pairs(settings: list[str] | None, *, option: str) -> dict[str, str]:
    pairs = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{setting!r} is not NAME=VALUE", param_hint=option)
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    """Read JSON where it reads as such, so `1` and `true` are what they look like; else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _print(migration: Migration, *, as_json: bool) -> None:
    if as_json:
        typer.echo(migration.model_dump_json(ensure_ascii=True))
        return
    facts = [
        ("id", str(migration.id or "a dry run")),
        ("process", migration.process),
        ("from", migration.from_version),
        ("to", migration.to_version),
        ("cases", _counts(migration)),
    ]
    reasons = [(str(one.cases), one.why, str(one.examples[0])) for one in migration.left_alone]
    grids = [Grid(facts), Grid(reasons, ("cases", "why", "for example"), "left alone")]
    show(console_of(), [grid for grid in grids if grid.rows])


def _counts(migration: Migration) -> str:
    return ", ".join(f"{count} {status}" for status, count in migration.cases.items()) or "none"
