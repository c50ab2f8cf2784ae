"""Finding tables by name, in `rules/<table>.yaml`, and their overlays, in `rules/overlays/<table>/`."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Protocol, TypeVar

from rules.errors import Finding, TableError, TableNotFound
from rules.layers import NOWHERE, LayeredTable
from rules.overlay_parsing import parse_overlay
from rules.parsing import parse_table
from rules.table import Table
from rules.values import NAME, shown

_FOLDER = Path(__file__).parent


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_NamedT = TypeVar("_NamedT", bound=_Named)


def load_table(
    name: str,
    folder: Path = _FOLDER,
    *,
    context: Mapping[str, str | None] = NOWHERE,
    as_of: date | None = None,
) -> Table:
    """Load `<name>.yaml` of the folder, which is `rules/` unless stated, with the overlays of a context.

    Files are read once in a process. `LayeredTable.table` says what the day is for.

    Raises:
        TableError: a file is malformed, or overlays contradict each other.
        TableNotFound: there is no such file.
        UnknownContext: the table declares no such kind of context.
    """
    return load_layers(name, folder).table(context, as_of)


@cache
def load_layers(name: str, folder: Path = _FOLDER) -> LayeredTable:
    """Load a table with all of its overlays, once in a process.

    Raises:
        TableError: a file is malformed, or overlays contradict each other.
        TableNotFound: there is no such file.
    """
    path = folder / f"{name}.yaml"
    if not NAME.fullmatch(name) or not path.is_file():
        raise TableNotFound(f"there is no table {shown(name)}")
    base = _read(path, folder, parse_table)
    parse = partial(parse_overlay, base=base)
    return LayeredTable(
        base, [_read(one, folder, parse) for one in sorted(folder.glob(f"overlays/{name}/*.yaml"))]
    )


def restore_layers(sources: Mapping[str, str]) -> LayeredTable:
    """Read a table and its overlays from texts that they were read from before: `LayeredTable.sources`.

    Raises:
        TableError: this engine no longer reads them.
    """
    (file, text), *overlays = sources.items()
    base = parse_table(text, file)
    return LayeredTable(base, [parse_overlay(text, base, file) for file, text in overlays])


def list_tables(folder: Path = _FOLDER) -> tuple[str, ...]:
    """List the names of the folder's tables, which is `rules/` unless stated."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def _read(path: Path, folder: Path, parse: Callable[..., _NamedT]) -> _NamedT:
    source = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    parsed = parse(path.read_bytes(), source=source)
    if parsed.id != path.stem:
        raise TableError([Finding(source, 1, 1, f"the id {parsed.id!r} is not the name of the file")])
    return parsed
