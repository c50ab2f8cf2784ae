"""The command that compares the ledger with the systems that it tells of."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from server.cli.tables import Grid, Id, Status, console_of, show
from server.settings import load_settings

_DAY, _MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"


def reconcile(
    *,
    server: Annotated[str | None, typer.Option(help="Only this server of servers.toml.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=[_DAY, _MOMENT], help="Only effects intended since then, in UTC."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare the ledger with the systems of record, both ways; exit with 1 if they differ.

    It reads the database of DATABASE_URL, or the private one, and asks the tool servers; it changes nothing.
    """
    from server.hosting import run_reconciliation

    report = run_reconciliation(
        load_settings(), server=server, since=since.replace(tzinfo=UTC) if since else None
    )
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        rows = [
            (one.server, str(one.compared), str(one.not_comparable), one.error or "")
            for one in report.servers
        ]
        found = [
            (Status(one.kind), one.server, one.tool or "", Id(one.case_id or ""), one.key, one.message)
            for one in report.differences
        ]
        grids = [
            Grid(rows, ("server", "compared", "not comparable", "error"), "servers"),
            Grid(found, ("kind", "server", "tool", "case", "key", "what"), "differences"),
        ]
        show(console_of(), [grid for grid in grids if grid.rows])
    if not report.is_clean:
        raise typer.Exit(1)
