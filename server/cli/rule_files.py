"""The files of tables, as the commands name them."""

from collections.abc import Sequence
from pathlib import Path

import typer

import rules
from rules import LayeredTable, Table, TableNotFound, list_tables, load_layers, load_table, read_table

TABLE = typer.Argument(metavar="TABLE", help="A table's name, or a file.")
CONTEXT = typer.Option(
    "--in", metavar="KIND=VALUE", help="With the overlays of this context, such as entity=AT; repeatable."
)

_FOLDER = Path(rules.__file__).parent
_YAML = (".yaml", ".yml")


def context_of(pairs: Sequence[str] | None) -> dict[str, str]:
    """The context that such options state."""
    parts = [pair.partition("=") for pair in pairs or ()]
    if any(not kind or not value for kind, _, value in parts):
        raise typer.BadParameter("is KIND=VALUE, such as entity=AT", param_hint="--in")
    return {kind: value for kind, _, value in parts}


def open_table(name: str) -> Table:
    """The table of this name, or of this file if the name ends like one."""
    return read_table(Path(name)) if Path(name).suffix in _YAML else load_table(name)


def open_layers(name: str) -> LayeredTable:
    """The same with its overlays; those of a file anywhere are not known."""
    return LayeredTable(open_table(name), ()) if Path(name).suffix in _YAML else load_layers(name)


def path_of(name: str) -> Path:
    """The file of that table."""
    return Path(name) if Path(name).suffix in _YAML else _FOLDER / f"{name}.yaml"


def shipped_files() -> list[Path]:
    """The files of all tables in `rules/`, and of their overlays."""
    return [*map(path_of, list_tables()), *sorted(_FOLDER.glob("overlays/*/*.yaml"))]


def shipped_rows(name: str) -> bytes:
    """The rows of a table that keeps them in a file beside it."""
    return read_file(_FOLDER / name)


def read_file(path: Path) -> bytes:
    if not path.is_file():
        raise TableNotFound(f"there is no file {path}")
    return path.read_bytes()
