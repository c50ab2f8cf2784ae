"""Commands about effects: see them, and say what came of one whose outcome nobody wrote down."""

import json
from typing import Annotated, Any

import typer

from server.cli.api import DEFAULT_URL, Api
from server.cli.options import Actor, Json, Limit, Url
from server.cli.tables import Grid, Id, Status, console_of, show
from server.http.models import Effect, EffectStatus

_HEADINGS = ("status", "case", "tool", "tried", "key")


def effects(
    key: Annotated[str | None, typer.Argument(help="An effect's key, to see it in detail.")] = None,
    *,
    status: Annotated[EffectStatus | None, typer.Option(help="Only effects that stand like this.")] = None,
    server: Annotated[str | None, typer.Option(help="Only effects at this tool server.")] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the effects of all cases, newest first, or show one."""
    with Api(url) as api:
        if key is not None:
            _print(api.get_effect(key), as_json=as_json)
            return
        page = api.list_effects(limit=limit, status=status, server=server)
    if as_json:
        typer.echo(page.model_dump_json(ensure_ascii=True))
        return
    rows = [
        (Status(one.status), Id(one.case_id), f"{one.server}.{one.tool}", _when(one), one.key)
        for one in page.items
    ]
    show(console_of(), [Grid(rows, _HEADINGS)])


def settle(
    key: Annotated[str, typer.Argument(help="The effect's key.")],
    *,
    receipt: Annotated[
        str | None, typer.Option(metavar="JSON", help="It happened: what the tool would have answered.")
    ] = None,
    did_not_happen: Annotated[
        bool, typer.Option("--did-not-happen", help="It did not: a retry calls anew.")
    ] = False,
    reason: Annotated[str, typer.Option(help="How you know.")],
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Say what came of an effect of unknown outcome, after a look into the other system."""
    if (receipt is None) != did_not_happen:
        raise typer.BadParameter("give either --receipt or --did-not-happen")
    with Api(url, actor=actor) as api:
        _print(api.settle_effect(key, receipt=_object(receipt), reason=reason), as_json=as_json)


def _object(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"no JSON: {error}", param_hint="--receipt") from error
    if not isinstance(value, dict):
        raise typer.BadParameter("a receipt is a JSON object", param_hint="--receipt")
    return value


def _print(effect: Effect, *, as_json: bool) -> None:
    if as_json:
        typer.echo(effect.model_dump_json(ensure_ascii=True))
        return
    shown = effect.model_dump(mode="json", exclude_none=True, exclude={"verdict"})
    facts = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in shown.items()
    ]
    show(console_of(), [Grid(facts)])


def _when(effect: Effect) -> str:
    return f"{effect.tried_at:%Y-%m-%d %H:%M:%S}"
