"""The command that verifies tables."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from rules import JsonValue, TableError, list_tables
from rules.verify import Flaw, check_layers
from server.cli.rule_files import open_layers
from server.cli.tables import one_line

_SOON_DAYS = 30


def check_tables(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE", help="Names or files; else all.")
    ] = None,
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to be in force on; else today.")
    ] = None,
    soon: Annotated[int, typer.Option(metavar="DAYS", help="Warn of what expires within.")] = _SOON_DAYS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line and finding.")
    ] = False,
) -> None:
    """Verify tables with their overlays, each finding with a case that shows it; exit with 1 on errors."""
    day = (on or datetime.now(UTC)).date()
    failed = False
    for name in names or list_tables():
        try:
            flaws = check_layers(open_layers(name), on=day, within=timedelta(soon))
        except TableError as error:
            flaws, failed = [], True
            _print_malformed(error, as_json=as_json)
        failed |= any(flaw.severity == "error" for flaw in flaws)
        for flaw in flaws:
            _print(flaw, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def _print(flaw: Flaw, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(flaw.as_json(), ensure_ascii=True))
        return
    typer.echo(one_line(str(flaw)))
    typer.echo(f"  {one_line(flaw.suggestion)}")
    if flaw.witness:
        facts = json.dumps(flaw.witness.facts, ensure_ascii=True)
        typer.echo(f"  for example, on {flaw.witness.as_of}: {facts}")


def _print_malformed(error: TableError, *, as_json: bool) -> None:
    for finding in error.findings:
        record: dict[str, JsonValue] = {"kind": "malformed", "severity": "error", "file": finding.file}
        record |= {"line": finding.line, "message": finding.message}
        typer.echo(json.dumps(record, ensure_ascii=True) if as_json else one_line(str(finding)))
