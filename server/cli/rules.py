"""The commands about tables of rules: most read files; those about past decisions ask a server."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rules import list_tables, load_table
from rules.layout import lay_out
from rules.rendering import Sheet, heading_of, json_of, markdown_of, overlays_of, sheets_of
from rules.schema import table_schema
from server.cli import (
    rule_changes,
    rule_checks,
    rule_interchange,
    rule_proposals,
    rule_questions,
    rule_trials,
)
from server.cli.rule_files import CONTEXT, TABLE, context_of, open_layers, shipped_files
from server.cli.tables import Grid, console_of, show

app = typer.Typer(name="rules", help="See, lay out, test and change tables of rules.", no_args_is_help=True)
app.command("ask")(rule_questions.ask_table)
app.command("test")(rule_trials.try_tables)
app.command("diff")(rule_changes.compare)
app.command("check")(rule_checks.check_tables)
app.command()(rule_changes.backtest)
app.command()(rule_changes.replay)
app.command()(rule_proposals.propose)
app.command()(rule_proposals.proposals)
app.command("export")(rule_interchange.export_table)
app.command("import")(rule_interchange.import_tables)

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE", help="Files; without any, all of rules/.", exists=True)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("show")
def show_table(
    name: Annotated[str | None, TABLE] = None,
    *,
    context: Annotated[list[str] | None, CONTEXT] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With what of them applies on a day.")
    ] = None,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
) -> None:
    """Show a table with its rules, one a row; without a name, list the tables."""
    if name is None:
        tables = [load_table(one) for one in list_tables()]
        rows = [(one.id, one.version, one.owner, str(len(one.rules)), one.title) for one in tables]
        show(console_of(), [Grid(rows, ("table", "version", "owner", "rules", "title"))])
        return
    layers = open_layers(name)
    table = layers.table(context_of(context), on.date() if on else None)
    if as_json:
        typer.echo(json.dumps(json_of(table), ensure_ascii=True))
    elif as_markdown:
        typer.echo(markdown_of(table), nl=False)
    else:
        sheets = [*sheets_of(table), *([overlays_of(layers)] if layers.overlays else [])]
        show(console_of(), [Grid(heading_of(table)), *map(_grid, sheets)])


@app.command()
def fmt(
    files: Files = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit with 1 if it would.")] = False,
) -> None:
    """Write tables in their one layout: one rule a line, comments kept, no word changed."""
    changed = [path for path in files or shipped_files() if _lay_out(path, check=check)]
    for path in changed:
        typer.echo(f"{'would be laid out anew' if check else 'laid out anew'}: {path}")
    if check and changed:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of tables and overlays, for editors."""
    typer.echo(json.dumps(table_schema(), indent=2))


def _lay_out(path: Path, *, check: bool) -> bool:
    """Whether the file's layout was another; unless it is only checked, it is written."""
    before = path.read_bytes()
    after = lay_out(before, str(path)).encode()
    if after != before and not check:
        path.write_bytes(after)
    return after != before


def _grid(sheet: Sheet) -> Grid:
    return Grid(sheet.rows, sheet.headings, sheet.title)
