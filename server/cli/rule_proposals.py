"""The commands about rules that people propose when a table cannot decide."""

from typing import Annotated

import typer

from server.cli.api import DEFAULT_URL, Api
from server.cli.ids import full_id, review_ids
from server.cli.options import Actor, Json, Limit, Url
from server.cli.tables import Grid, Id, console_of, show
from server.http.rule_models import ProposedRule, Tried

_HEADINGS = ("rule", "flips", "by", "at", "case")


def propose(
    review: Annotated[
        str, typer.Argument(metavar="REVIEW", help="The answered review, or its id's beginning.")
    ],
    *,
    table: Annotated[str, typer.Option(help="The table that could not decide.")],
    outcome: Annotated[
        list[str], typer.Option("--then", metavar="OUTPUT=VALUE", help="What it shall say; repeatable.")
    ],
    because: Annotated[str, typer.Option(help="The reason, as the rule will state it.")],
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Keep the answer to a review as a proposed rule, with its backtest. It decides nothing by itself."""
    wish = {"table": table, "outcome": dict(map(_pair, outcome)), "because": because}
    with Api(url, actor=actor) as api:
        kept = api.propose_rule(full_id(review, among=lambda: review_ids(api)), wish)
    if as_json:
        typer.echo(kept.model_dump_json(ensure_ascii=True))
        return
    typer.echo(kept.line)
    typer.echo(f"{_flipped(kept.backtest)} of {kept.backtest.tried} decisions flip")


def proposals(
    table: Annotated[str, typer.Argument(help="A table's name.")],
    *,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print the rules as lines for the table.")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the rules that people proposed for a table, newest first."""
    with Api(url) as api:
        page = api.list_proposals(table, limit=limit)
    if as_json:
        typer.echo(page.model_dump_json(ensure_ascii=True))
    elif as_yaml:
        for one in page.items:
            typer.echo(one.line)
    else:
        show(console_of(), [Grid([_row(one) for one in page.items], _HEADINGS)])


def _pair(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{setting!r} is not OUTPUT=VALUE", param_hint="--then")
    return name, value


def _flipped(tried: Tried) -> int:
    return sum(len(flip.finished) + len(flip.open) for flip in tried.flips)


def _row(one: ProposedRule) -> tuple[str, ...]:
    flips = f"{_flipped(one.backtest)} of {one.backtest.tried}"
    return one.rule, flips, one.proposed_by, f"{one.proposed_at:%Y-%m-%d %H:%M:%S}", Id(one.case_id)
