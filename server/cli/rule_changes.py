"""The commands about a change of a table: what it changes, what it would have changed, what was decided."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from rules import Table, restore_layers
from rules.change import diff
from server.cli.api import DEFAULT_URL, Api
from server.cli.ids import case_ids, full_id
from server.cli.options import Json, Url
from server.cli.rule_files import open_table, read_file
from server.cli.tables import Grid, Status, console_of, one_line, show
from server.http.rule_models import Backtest, CaseDecision, Flip, Said

_SHOWN_CASES = 3

Text = Annotated[str, typer.Argument(help="A table's name, a file, or the digest of a text on the server.")]


def compare(old: Text, new: Text, *, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Say what a changed table changes: rows, and which cases are decided otherwise."""
    found = diff(_open(old, url=url), _open(new, url=url))
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=True))
        return
    for line in found.lines():
        indent = line[: len(line) - len(line.lstrip())]
        typer.echo(indent + one_line(line.lstrip()))


def backtest(
    table: Annotated[str, typer.Argument(help="A table's name.")],
    *,
    text: Annotated[Path, typer.Option("--with", metavar="FILE", help="The changed table.")],
    since: Annotated[datetime | None, typer.Option(help="Only decisions made since then.")] = None,
    sums: Annotated[
        list[str] | None,
        typer.Option("--sum", metavar="FACT", help="Add up the money of this fact; repeatable. Else all."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many decisions.")] = 10_000,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Put past decisions to a changed table: which cases would flip, from what to what, with their money."""
    order = {
        "text": read_file(text).decode(errors="replace"),
        "since": since and since.astimezone().isoformat(),
        "sum": sums or None,
        "limit": limit,
    }
    with Api(url) as api:
        result = api.backtest(table, order)
    if as_json:
        typer.echo(result.model_dump_json(ensure_ascii=True))
    else:
        _print(result)


def replay(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case's id, or its beginning.")],
    *,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Decide again what was decided in a case, by the texts that decided it; exit with 1 if it differs."""
    with Api(url) as api:
        decisions = api.list_case_decisions(_case_of(api, case)).items
    if as_json:
        for one in decisions:
            typer.echo(one.model_dump_json(ensure_ascii=True))
    elif decisions:
        show(console_of(), [Grid([_row(one) for one in decisions], _HEADINGS)])
    else:
        typer.echo("no table has decided anything in this case")
    if any(one.differs for one in decisions):
        raise typer.Exit(1)


_HEADINGS = ("decided", "step", "table", "said", "by", "again")


def _open(name: str, *, url: str) -> Table:
    if not name.startswith("sha256:"):
        return open_table(name)
    with Api(url) as api:
        return restore_layers(api.get_rule_table(name).sources).base


def _case_of(api: Api, case: str) -> UUID:
    return full_id(case, among=lambda: case_ids(api))


def _print(result: Backtest) -> None:
    flipped = sum(len(flip.finished) + len(flip.open) for flip in result.flips)
    typer.echo(f"{flipped} of {result.tried} decisions flip")
    if result.unasked:
        typer.echo(f"not told, for the text does not ask for it: {', '.join(result.unasked)}")
    headings = ("from", "to", "finished", "open", "money", "for example")
    if result.flips:
        show(console_of(), [Grid([_flip_row(flip) for flip in result.flips], headings)])


def _flip_row(flip: Flip) -> tuple[str, ...]:
    money = [f"{name} {one.amount} {one.currency}" for name, sums in flip.money.items() for one in sums]
    cases = [str(case)[:8] for case in (*flip.open, *flip.finished)[:_SHOWN_CASES]]
    counts = str(len(flip.finished)), str(len(flip.open))
    return _words(flip.old), _words(flip.new), *counts, ", ".join(money) or "-", ", ".join(cases)


def _words(said: Said) -> str:
    by = f" ({', '.join(said.rules)})" if said.rules else ""
    outcome = [f"{name} {one}" for name, one in said.outcome.items() if one is not None]
    return f"{', '.join(outcome) or said.kind.replace('_', ' ')}{by}"


def _row(one: CaseDecision) -> tuple[str, ...]:
    said = Said(kind=one.kind, outcome=one.said.get("outcome", {}), rules=[])
    rules = ", ".join(one.said["rules"]) or "-"
    at, step = f"{one.decided_at:%Y-%m-%d %H:%M:%S}", one.step.partition(":")[0]
    return at, step, one.table, _words(said), rules, Status("the same") if not one.differs else one.differs
