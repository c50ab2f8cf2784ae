"""Finding tables by name, in `rules/<table>.yaml`, and their overlays, in `rules/overlays/<table>/`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Protocol, TypeVar

from rules.document import Findings, plain, read_document
from rules.errors import Finding, TableError, TableNotFound
from rules.inputs import Tables
from rules.layers import NOWHERE, LayeredTable
from rules.overlay import Overlay
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
        TableError: a file is malformed, overlays contradict each other, or tables ask each other in a circle.
        TableNotFound: there is no such file.
    """
    return _Shelf(partial(_read_base, folder), partial(_read_overlays, folder)).layers(name)


def restore_layers(sources: Mapping[str, str]) -> LayeredTable:
    """Read a table and its overlays from texts that they were read from before: `LayeredTable.sources`.

    Raises:
        TableError: this engine no longer reads them.
        TableNotFound: one that it asks is not among them.
    """
    texts = _Texts(sources)
    return _Shelf(texts.base, texts.overlays).layers(texts.first)


def read_table(path: Path) -> Table:
    """Read the table in a file of any name and place, without overlays; those that it asks lie beside it.

    Raises:
        TableError: the file is malformed.
        TableNotFound: there is no such file.
    """
    if not path.is_file():
        raise TableNotFound(f"there is no file {path}")
    return parse_table(path.read_bytes(), str(path), tables=lambda name: load_layers(name, path.parent).base)


def list_tables(folder: Path = _FOLDER) -> tuple[str, ...]:
    """List the names of the folder's tables, which is `rules/` unless stated."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


class _Shelf:
    """Where tables are found with their overlays; each that another one asks is found here as well."""

    def __init__(
        self, base: Callable[[str, Tables], Table], overlays: Callable[[Table], Sequence[Overlay]]
    ) -> None:
        self._base = base
        self._overlays = overlays
        self._found: dict[str, LayeredTable] = {}
        self._asking: list[str] = []

    def layers(self, name: str) -> LayeredTable:
        if name in self._asking:
            circle = ", ".join([*self._asking, name])
            raise TableNotFound(f"table {name!r} cannot be asked by itself: {circle}")
        if name not in self._found:
            self._asking.append(name)
            try:
                base = self._base(name, lambda other: self.layers(other).base)
            finally:
                self._asking.pop()
            asked = [self._found[other] for other in base.asked]
            self._found[name] = LayeredTable(base, self._overlays(base), asked)
        return self._found[name]


class _Texts:
    """Texts of tables and overlays, told apart by what they say of themselves."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._bases: dict[str, tuple[str, str]] = {}
        self._overlays: dict[str, list[tuple[str, str]]] = {}
        for file, text in sources.items():
            root = read_document(text, Findings(file))
            fields = plain(root)
            said = fields if isinstance(fields, dict) else {}
            if "overlays" in said:
                self._overlays.setdefault(str(said["overlays"]), []).append((file, text))
            else:
                self._bases.setdefault(str(said.get("id")), (file, text))
        self.first = next(iter(self._bases), "")

    def base(self, name: str, tables: Tables) -> Table:
        if name not in self._bases:
            raise TableNotFound(f"there is no text of table {shown(name)}")
        file, text = self._bases[name]
        return parse_table(text, file, tables=tables)

    def overlays(self, base: Table) -> list[Overlay]:
        return [parse_overlay(text, base, file) for file, text in self._overlays.get(base.id, [])]


def _read_base(folder: Path, name: str, tables: Tables) -> Table:
    path = folder / f"{name}.yaml"
    if not NAME.fullmatch(name) or not path.is_file():
        raise TableNotFound(f"there is no table {shown(name)}")
    return _read(path, folder, partial(parse_table, tables=tables))


def _read_overlays(folder: Path, base: Table) -> list[Overlay]:
    parse = partial(parse_overlay, base=base)
    return [_read(path, folder, parse) for path in sorted(folder.glob(f"overlays/{base.id}/*.yaml"))]


def _read(path: Path, folder: Path, parse: Callable[..., _NamedT]) -> _NamedT:
    source = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    parsed = parse(path.read_bytes(), source=source)
    if parsed.id != path.stem:
        raise TableError([Finding(source, 1, 1, f"the id {parsed.id!r} is not the name of the file")])
    return parsed
