"""The commands that see and change schedules."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from server.cli.answers import parse_json
from server.cli.api import DEFAULT_URL, Api
from server.cli.options import Actor, Json, Limit, Url
from server.cli.tables import Grid, Id, Status, console_of, show
from server.errors import BadRequest, NotFound
from server.http.schedule_models import CatchUp, Firing, Overlap, Schedule

MOST = 10_000  # schedules among which a name is looked up

Name = Annotated[str, typer.Argument(help="The schedule's name.")]


def schedules(
    name: Annotated[str | None, typer.Argument(help="A schedule, to see it in detail.")] = None,
    *,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the schedules, newest first, or show one with its next moments and what became of the last."""
    with Api(url) as api:
        if name is None:
            page = api.list_schedules(limit=limit)
            _print(page, [_grid(page.items)], as_json=as_json)
        else:
            detail = api.get_schedule(_get(api, name).id)
            moments = Grid([(_when(moment),) for moment in detail.upcoming], ("next (UTC)",))
            became = Grid([_firing(one) for one in detail.firings], _FIRING, "what became of the last")
            _print(detail, [_facts(detail), moments, became], as_json=as_json)


def schedule(
    name: Name,
    *,
    process: Annotated[str | None, typer.Option(help="What to start; only for a new one.")] = None,
    cron: Annotated[str | None, typer.Option(help="minute hour day month weekday.")] = None,
    zone: Annotated[str | None, typer.Option(help="An IANA time zone; UTC unless given.")] = None,
    json_input: Annotated[str | None, typer.Option("--input", help="The cases' input as JSON.")] = None,
    overlap: Annotated[Overlap | None, typer.Option(help="If the case before has not ended.")] = None,
    catch_up: Annotated[CatchUp | None, typer.Option(help="What of the moments missed counts.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it starts any.")] = None,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Make a schedule, or change what is given of the one of this name."""
    input_ = None if json_input is None else parse_json(json_input, option="--input")
    parts = {
        "cron": cron,
        "zone": zone,
        "input": input_,
        "overlap": overlap,
        "catch_up": catch_up,
        "enabled": enabled,
    }
    given = {part: value for part, value in parts.items() if value is not None}
    with Api(url, actor=actor) as api:
        known = _find(api, name)
        if known is None:
            made = api.create_schedule({"name": name, "process": process or "", **given})
        elif process in {None, known.process}:
            made = api.change_schedule(known.id, given)
        else:
            raise BadRequest(f"{name} starts cases of {known.process}: delete it first", field="process")
    _print(made, [_facts(made)], as_json=as_json)


def unschedule(name: Name, *, actor: Actor = None, url: Url = DEFAULT_URL) -> None:
    """Delete a schedule. The cases that it started go on."""
    with Api(url, actor=actor) as api:
        api.delete_schedule(_get(api, name).id)


def _find(api: Api, name: str) -> Schedule | None:
    return next((one for one in api.list_schedules(limit=MOST).items if one.name == name), None)


def _get(api: Api, name: str) -> Schedule:
    found = _find(api, name)
    if found is None:
        raise NotFound(f"there is no schedule {name!r}")
    return found


_FIRING = ("moment (UTC)", "outcome", "case", "reason")


def _firing(one: Firing) -> tuple[str, ...]:
    return _when(one.scheduled_for), Status(one.outcome), Id(one.case_id or ""), one.reason or ""


def _grid(found: list[Schedule]) -> Grid:
    rows = [
        (one.name, one.process, one.cron, one.zone, _when(one.next_at) if one.next_at else "disabled")
        for one in found
    ]
    return Grid(rows, ("name", "process", "cron", "zone", "next (UTC)"))


def _facts(found: Schedule) -> Grid:
    facts: dict[str, Any] = {
        "name": found.name,
        "process": found.process,
        "cron": f"{found.cron} ({found.zone})",
        "overlap": found.overlap,
        "catch up": found.catch_up,
        "next": f"{_when(found.next_at)} UTC" if found.next_at else "disabled",
        "last": f"{_when(found.last_at)} UTC" if found.last_at else None,
    }
    return Grid([(fact, value) for fact, value in facts.items() if value])


def _print(model: BaseModel, grids: list[Grid], *, as_json: bool) -> None:
    if as_json:
        typer.echo(model.model_dump_json(ensure_ascii=True))
    else:
        show(console_of(), [grid for grid in grids if grid.rows])


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
