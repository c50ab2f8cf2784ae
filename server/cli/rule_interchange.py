"""The commands that read tables of other engines and of spreadsheets, and write ours for them."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rules import load_table, parse_table
from rules.interchange.dmn import export_dmn, import_dmn
from rules.interchange.drafts import Heading, Imported, TableText
from rules.interchange.jdm import import_jdm
from rules.spreadsheets import read_spreadsheet, write_spreadsheet
from server.cli.rule_files import TABLE, open_table, path_of, read_file, shipped_rows


class Format(StrEnum):
    """What a table can be written as."""

    DMN = "dmn"
    CSV = "csv"
    XLSX = "xlsx"


def export_table(
    name: Annotated[str, TABLE],
    *,
    form: Annotated[Format, typer.Option("--format", help="DMN 1.3, or a spreadsheet of text cells.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; else it is printed.")] = None,
) -> None:
    """Write a table and those that it asks for other tools; what they cannot say is refused, with its row."""
    if form is Format.XLSX and out is None:
        raise typer.BadParameter("a workbook cannot be printed", param_hint="--out")
    table = open_table(name)
    if form is Format.DMN:
        content = export_dmn(table).encode()
    else:
        content = write_spreadsheet(read_file(path_of(name)), f"{table.id}.{form}")
    if out:
        out.write_bytes(content)
    else:
        typer.echo(content, nl=False)


def _import_spreadsheet(content: bytes, source: str, **_: object) -> Imported:
    """Read a spreadsheet that `export` wrote: it says all of a table, its heading too."""
    text = read_spreadsheet(content, source, tables=load_table, files=shipped_rows)
    table = parse_table(text, source, tables=load_table, files=shipped_rows)
    return Imported(tables=[TableText(table.id, text, table)], notes=[])


_READERS: Mapping[str, Callable[..., Imported]] = {
    ".dmn": import_dmn,
    ".xml": import_dmn,
    ".json": import_jdm,
    ".csv": _import_spreadsheet,
    ".xlsx": _import_spreadsheet,
}


def import_tables(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Of DMN (.dmn, .xml), JDM (.json) or `export` (.csv, .xlsx)."),
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; else it is printed.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over files that are there.")] = False,
    only: Annotated[str | None, typer.Option(help="A decision, by its id or name; else all.")] = None,
    owner: Annotated[str, typer.Option(help="Who owns the tables, where the file does not say.")] = "",
    version: Annotated[str, typer.Option(help="Their version, where the file does not say.")] = "1",
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="From when they hold; else from today.")
    ] = None,
) -> None:
    """Read the tables of another engine or a spreadsheet; what has no counterpart here is refused at once."""
    if file.suffix not in _READERS:
        raise typer.BadParameter(f"ends in none of {', '.join(_READERS)}", param_hint="FILE")
    heading = Heading(owner=owner, version=version, effective_from=_day(since))
    imported = _READERS[file.suffix](read_file(file), str(file), heading=heading, only=only)
    for note in imported.notes:
        typer.echo(f"note: {note}", err=True)
    if out is None:
        typer.echo("---\n".join(table.text for table in imported.tables), nl=False)
    else:
        _write(imported, out, replace=replace)


def _write(imported: Imported, folder: Path, *, replace: bool) -> None:
    """Write all of the files, or none if one is there already and not to be replaced."""
    files = {folder / f"{table.id}.yaml": table.text for table in imported.tables}
    if not replace and (there := [str(path) for path in files if path.exists()]):
        raise typer.BadParameter(f"{', '.join(there)} is there already", param_hint="--out")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, "utf-8")
        typer.echo(path)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day such as 2026-10-31", param_hint="--from") from error
