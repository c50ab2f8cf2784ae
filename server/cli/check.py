"""The command to run before a deployment: it names what would stop in it."""

from typing import Annotated

import typer

from server.cli.tables import Grid, console_of, show
from server.settings import load_settings

_HEADINGS = ("process", "version", "cases", "why", "for example")
_UNAPPROVED_HEADINGS = ("server", "tools", "lock file")


def check(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
) -> None:
    """Name the unfinished cases that this checkout cannot continue, and the tools that nobody approved.

    It exits with 1 if there are any. It reads the database of DATABASE_URL, or the private one, and the
    files of tool servers; it asks no server and changes nothing.
    """
    from server.hosting import run_check

    report = run_check(load_settings())
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        stuck = [
            (one.process, one.version, str(one.cases), one.obstacle.message, str(one.examples[0]))
            for one in report.stuck
        ]
        if not stuck:
            typer.echo(f"all {report.examined} unfinished cases of other versions can go on")
        unapproved = [(one.server, ", ".join(one.tools), one.lock) for one in report.unapproved]
        grids = [
            Grid(stuck, _HEADINGS, "cases that cannot go on"),
            Grid(unapproved, _UNAPPROVED_HEADINGS, "tools that nobody has approved"),
        ]
        show(console_of(), [grid for grid in grids if grid.rows])
    if not report.is_clean:
        raise typer.Exit(1)
