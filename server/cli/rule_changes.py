"""The command that says what a changed table changes."""

import json
from typing import Annotated

import typer

from rules.change import diff
from server.cli.rule_files import open_table
from server.cli.tables import one_line


def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A table's name, or a file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, changed.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what a changed table changes: rows, and which cases are decided otherwise."""
    found = diff(open_table(old), open_table(new))
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=True))
        return
    for line in found.lines():
        indent = line[: len(line) - len(line.lstrip())]
        typer.echo(indent + one_line(line.lstrip()))
