"""The command to run before a deployment: it names the cases that the new processes cannot continue."""

from typing import Annotated

import typer

from server.cli.tables import Grid, console_of, show
from server.settings import load_settings

_HEADINGS = ("process", "version", "cases", "why", "for example")


def check(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
) -> None:
    """Name the unfinished cases that the processes of this checkout cannot continue; exit with 1 if any.

    It reads the database of DATABASE_URL, or the private one, and changes nothing.
    """
    from server.hosting import run_check

    report = run_check(load_settings())
    if as_json:
        typer.echo(report.model_dump_json())
    elif report.stuck:
        rows = [
            (one.process, one.version, str(one.cases), one.obstacle.message, str(one.examples[0]))
            for one in report.stuck
        ]
        show(console_of(), [Grid(rows, _HEADINGS, "cases that cannot go on")])
    else:
        typer.echo(f"all {report.examined} unfinished cases of other versions can go on")
    if report.stuck:
        raise typer.Exit(1)
