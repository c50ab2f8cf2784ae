"""The operators' commands: incidents, interventions in one case or many, the stop switch."""

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any
from uuid import UUID

import typer

from server.cli import views
from server.cli.api import DEFAULT_URL
from server.cli.ids import SEARCHED, case_ids, full_id
from server.cli.operator_api import OperatorApi
from server.cli.options import Abbreviated, Actor, Json, Limit, Url
from server.cli.tables import Grid, Id, Status, present
from server.engine.actions import Action, Scope
from server.http.intervention_models import Outcome, Result, Stop
from server.http.models import CaseStatus, IncidentStatus, Page

Case = Annotated[str | None, typer.Argument(metavar="CASE", help="The case's id, or its beginning.")]
Reason = Annotated[str, typer.Option(help="Why, for the audit trail.")]
Group = Annotated[str | None, typer.Option(help="Instead of a case: all of this incident group.")]
Process = Annotated[str | None, typer.Option(help="Instead of a case: all of this process.")]
Standing = Annotated[
    CaseStatus | None, typer.Option("--status", help="Instead of a case: all that stand like this.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")]
Revision = Annotated[int | None, typer.Option(help="Only if the case is still at this revision.")]

_PLAIN: dict[Action, str] = {
    "retry": "Let a case in incident go on from its last checkpoint.",
    "cancel": "End a case. What a step still does counts no more.",
    "suspend": "Let a case rest after its present step.",
    "resume": "Let a suspended case go on.",
}


def add_commands(app: typer.Typer) -> None:
    """Add the operators' commands to the program."""
    app.command()(incidents)
    for action, text in _PLAIN.items():
        app.command(action, help=text)(_plain(action))
    for command in (edit, skip, stop, release, stops):
        app.command()(command)


def incidents(
    id_: Abbreviated = None,
    *,
    groups: Annotated[bool, typer.Option("--groups", help="Count them by cause.")] = False,
    group: Annotated[str | None, typer.Option(help="Only those of this group.")] = None,
    process: Annotated[str | None, typer.Option(help="Only those of this process.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Those that were resolved.")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the cases that cannot go on by themselves, or show one incident."""
    with OperatorApi(url) as api:
        if id_ is not None:
            incident = api.get_incident(full_id(id_, among=lambda: _incident_ids(api)))
            present(incident, views.incident(incident), as_json=as_json)
        elif groups:
            counted = api.list_incident_groups(limit=limit, process=process)
            present(counted, views.incident_groups(counted.items), as_json=as_json)
        else:
            status: IncidentStatus = "resolved" if resolved else "open"
            page = api.list_incidents(limit=limit, status=status, process=process, group=group)
            present(page, views.incidents(page.items), as_json=as_json)


def _plain(action: Action) -> Callable[..., None]:
    """Make the command of an action that needs nothing but a reason."""

    def command(
        case: Case = None,
        *,
        reason: Reason,
        group: Group = None,
        process: Process = None,
        status: Standing = None,
        revision: Revision = None,
        dry_run: Dry = False,
        actor: Actor = None,
        url: Url = DEFAULT_URL,
        as_json: Json = False,
    ) -> None:
        body = {"reason": reason, "dry_run": dry_run}
        where = {"group": group, "process": process, "status": status}
        with OperatorApi(url, actor=actor) as api:
            _intervene(api, action, case, where=where, body=body, revision=revision, as_json=as_json)

    return command


def edit(
    case: Case = None,
    *,
    reason: Reason,
    settings: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=JSON", help="A field and its value; repeatable.")
    ],
    group: Group = None,
    process: Process = None,
    status: Standing = None,
    revision: Revision = None,
    dry_run: Dry = False,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Give fields of a case's state other values. An open question is asked again, about the new facts."""
    body = {"reason": reason, "dry_run": dry_run, "fields": dict(map(_field, settings))}
    where = {"group": group, "process": process, "status": status}
    with OperatorApi(url, actor=actor) as api:
        _intervene(api, "edit", case, where=where, body=body, revision=revision, as_json=as_json)


def skip(
    case: Case = None,
    *,
    reason: Reason,
    to: Annotated[str, typer.Option(metavar="STEP", help="The step to go on at.")],
    group: Group = None,
    process: Process = None,
    status: Standing = None,
    revision: Revision = None,
    dry_run: Dry = False,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Let a case leave the step that it stands at, and go on at another one."""
    body = {"reason": reason, "dry_run": dry_run, "step": to}
    where = {"group": group, "process": process, "status": status}
    with OperatorApi(url, actor=actor) as api:
        _intervene(api, "skip", case, where=where, body=body, revision=revision, as_json=as_json)


def stop(
    scope: Annotated[Scope, typer.Argument(help="What to stop.")],
    value: Annotated[
        str, typer.Argument(help="Which tenant, process or server; a tool as server.tool.")
    ] = "",
    *,
    reason: Reason,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Throw the stop switch: no effect leaves any more, and cases rest after their present step."""
    with OperatorApi(url, actor=actor) as api:
        made = api.stop(scope, value, reason=reason)
        present(made, _stops(Page[Stop](items=[made], next=None)), as_json=as_json)


def release(
    id_: Annotated[str, typer.Argument(metavar="STOP", help="The stop's id, or its beginning.")],
    *,
    reason: Reason,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Release a stop: what it held goes on by itself."""
    with OperatorApi(url, actor=actor) as api:
        in_force = full_id(id_, among=lambda: (one.id for one in _in_force(api).items))
        released = api.release(in_force, reason=reason)
        present(released, _stops(Page[Stop](items=[released], next=None)), as_json=as_json)


def stops(
    *,
    released: Annotated[bool, typer.Option("--released", help="Those that were released.")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List what is stopped."""
    with OperatorApi(url) as api:
        page = api.list_stops(limit=limit, released=released)
        present(page, _stops(page), as_json=as_json)


def _intervene(
    api: OperatorApi,
    action: Action,
    case: str | None,
    *,
    where: dict[str, str | None],
    body: dict[str, Any],
    revision: int | None,
    as_json: bool,
) -> None:
    """Intervene in the case, or in all that fit `where`; one that was refused makes the exit code 1."""
    chosen = {name: value for name, value in where.items() if value is not None}
    if (case is None) == (not chosen):
        raise typer.BadParameter("name one case, or choose by --group, --process or --status")
    if case is not None:
        id_ = full_id(case, among=lambda: case_ids(api))
        outcome = api.intervene(id_, action, body | {"expected_revision": revision})
        present(outcome, [_outcomes([outcome])], as_json=as_json)
        return
    results = api.intervene_many(body | {"action": action, "filter": chosen})
    grids = [_outcomes([one.outcome for one in results.results if one.outcome])]
    refused = [one for one in results.results if one.problem]
    present(results, [*grids, *([_refusals(refused)] if refused else [])], as_json=as_json)
    if results.more:
        typer.echo("steward: more cases fit; call again for the next", err=True)
    if refused:
        raise typer.Exit(1)


def _field(setting: str) -> tuple[str, Any]:
    """Read FIELD=JSON. A number with a point stays text, as amounts are; what is no JSON is text."""
    name, equals, text = setting.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{setting!r} is not FIELD=JSON", param_hint="--set")
    try:
        return name, json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return name, text


def _incident_ids(api: OperatorApi) -> Iterable[UUID]:
    page = api.list_incidents(limit=SEARCHED, status="open", process=None, group=None)
    return (incident.id for incident in page.items)


def _in_force(api: OperatorApi) -> Page[Stop]:
    return api.list_stops(limit=SEARCHED, released=False)


def _outcomes(found: list[Outcome]) -> Grid:
    rows = [(Id(one.case_id), Status(one.before), Status(one.after), _told(one)) for one in found]
    dry = any(one.dry_run for one in found)
    return Grid(rows, ("case", "is", "would be", "with") if dry else ("case", "was", "is", "with"))


def _told(outcome: Outcome) -> str:
    """Say what an intervention did beside the status."""
    change = outcome.change
    parts = [f"run {change.run}"] if change.run else []
    parts += [f"{name}: {value.before!r} → {value.after!r}" for name, value in change.fields.items()]
    parts += [f"reviews withdrawn: {len(change.withdrawn)}"] if change.withdrawn else []
    parts += [f"happens again: {key}" for key in change.repeats]
    parts += [f"outcome unknown: {key}" for key in change.unsettled]
    return "; ".join(parts)


def _refusals(found: list[Result]) -> Grid:
    rows = [(Id(one.case_id), one.problem.detail if one.problem else "") for one in found]
    return Grid(rows, ("case", "refused because"), "refused")


def _stops(page: Page[Stop]) -> list[Grid]:
    rows = [
        (
            Id(one.id),
            one.scope,
            one.value,
            one.reason,
            f"{one.stopped_at:%Y-%m-%d %H:%M:%S} by {one.stopped_by}",
            f"{one.released_at:%Y-%m-%d %H:%M:%S} by {one.released_by}" if one.released_at else "",
        )
        for one in page.items
    ]
    return [Grid(rows, ("id", "scope", "value", "because", "stopped (UTC)", "released (UTC)"))]
