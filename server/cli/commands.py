"""The commands: those that run the host, and those that see and change cases through its API."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.cli import (
    check,
    effects,
    host,
    interventions,
    migrations,
    policies,
    quotas,
    reconcile,
    rules,
    schedules,
    tools,
    views,
)
from server.cli.answers import parse_json, parse_settings
from server.cli.api import DEFAULT_URL, Api
from server.cli.ids import case_ids, full_id, review_ids
from server.cli.options import Abbreviated, Actor, Json, Limit, Url
from server.cli.submissions import Submission, submit_files
from server.cli.tables import Grid, Id, Status, console_of, one_line, present, show
from server.http.models import CaseStatus

_MAX_KEY = 200

app = typer.Typer(
    name="steward",
    help="The production runtime for LangGraph business processes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    host.serve,
    host.work,
    host.migrate,
    check.check,
    reconcile.reconcile,
    effects.effects,
    effects.settle,
    quotas.quotas,
    migrations.migrate_cases,
    migrations.migrations,
    migrations.undo_migration,
    schedules.schedules,
    schedules.schedule,
    schedules.unschedule,
):
    app.command()(command)
interventions.add_commands(app)
app.add_typer(rules.app)
app.add_typer(tools.app)
app.add_typer(policies.app)


def _checked_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        raise typer.BadParameter(f"a key has 1 to {_MAX_KEY} printable ASCII characters")
    return key


@app.command()
def processes(
    name: Annotated[str | None, typer.Argument(help="A process, to see it in detail.")] = None,
    *,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the processes, or show one with its input and steps."""
    with Api(url) as api:
        if name is None:
            page = api.list_processes()
            present(page, views.processes(page.items), as_json=as_json)
        else:
            process = api.get_process(name)
            present(process, views.process(process), as_json=as_json)


@app.command()
def submit(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files; each starts a case.")],
    *,
    process: Annotated[str, typer.Option(help="The process that the cases go through.")],
    key: Annotated[
        str | None,
        typer.Option(
            callback=_checked_key, help="Idempotency-Key; else made from a file's name and content."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow each case until it rests.")] = False,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Start a case from each file. The same file again is the same case, not a second one."""
    if key and len(files) > 1:
        raise typer.BadParameter("one key names one case: give one file", param_hint="--key")
    progress = Console(stderr=True, quiet=not sys.stderr.isatty())
    timeout_s = math.inf if wait else 0.0
    with Api(url, actor=actor) as api:
        done = submit_files(api, files, process=process, key=key, timeout_s=timeout_s, console=progress)
    _print_submissions(done, as_json=as_json)


@app.command()
def cases(
    id_: Abbreviated = None,
    *,
    status: Annotated[CaseStatus | None, typer.Option(help="Only cases that stand like this.")] = None,
    process: Annotated[str | None, typer.Option(help="Only cases of this process.")] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the cases, newest first, or show one with its state, steps, reviews, effects and incidents."""
    with Api(url) as api:
        if id_ is None:
            page = api.list_cases(limit=limit, process=process, status=status)
            present(page, views.cases(page.items), as_json=as_json)
        else:
            case = api.get_case(full_id(id_, among=lambda: case_ids(api)))
            present(case, views.case(case), as_json=as_json)


@app.command()
def reviews(
    id_: Abbreviated = None,
    *,
    role: Annotated[str | None, typer.Option(help="Only reviews for this role.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Answered and withdrawn ones too.")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the open reviews, newest first, or show one with what it rests on and the form of its answer."""
    with Api(url) as api:
        if id_ is None:
            page = (api.list_all_reviews if every else api.list_reviews)(limit=limit, role=role)
            present(page, views.reviews(page.items), as_json=as_json)
        else:
            review = api.get_review(full_id(id_, among=lambda: review_ids(api)))
            present(review, views.review(review), as_json=as_json)


@app.command()
def answer(
    review_id: Annotated[str, typer.Argument(help="The review's id, or its beginning.")],
    *,
    json_answer: Annotated[
        str | None, typer.Option(help="""The answer as JSON: '{"decision": "approve"}'.""")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="One field of the answer; repeatable."),
    ] = None,
    actor: Actor = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Answer a review, and so let its case go on. The first valid answer counts."""
    if (json_answer is None) == (not settings):
        raise typer.BadParameter("give the answer by either --set or --json-answer")
    with Api(url, actor=actor) as api:
        review = api.get_review(full_id(review_id, among=lambda: review_ids(api)))
        if json_answer is not None:
            value = parse_json(json_answer, option="--json-answer")
        else:
            value = parse_settings(settings or [], form=review.form)
        answered = api.answer_review(review.id, value)
    present(answered, views.review(answered)[:1], as_json=as_json)


def _print_submissions(done: list[Submission], *, as_json: bool) -> None:
    """Print what became of the files; one that was refused makes the exit code 1."""
    if not as_json:
        show(console_of(), [Grid([_row(one) for one in done], ("file", "case", "status", "title", "detail"))])
    for one in done:
        if as_json and one.case:
            typer.echo(one.case.model_dump_json(ensure_ascii=True))
        if as_json and one.problem:
            typer.echo(f"steward: {one_line(f'{one.file}: {one.problem}')}", err=True)
    if any(one.problem for one in done):
        raise typer.Exit(1)


def _row(one: Submission) -> tuple[str, ...]:
    return one.file.name, Id(one.case.id if one.case else ""), Status(one.status), one.title, one.detail
