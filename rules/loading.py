"""Finding tables by name, in `rules/<table>.yaml`, and their overlays, in `rules/overlays/<table>/`."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Protocol, TypeVar

from rules.document import Findings, Plain, plain, read_document
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
    return _Shelf(_Folder(folder)).layers(name)


def restore_layers(sources: Mapping[str, str]) -> LayeredTable:
    """Read a table and its overlays from texts that they were read from before: `LayeredTable.sources`.

    Raises:
        TableError: this engine no longer reads them.
        TableNotFound: one that it asks is not among them.
    """
    texts = _Texts(sources)
    return _Shelf(texts).layers(texts.first)


def read_table(path: Path) -> Table:
    """Read the table in a file of any name and place, without overlays.

    Its rows lie beside it, and so do the tables that it asks, unless they are those of `rules/`.

    Raises:
        TableError: the file is malformed.
        TableNotFound: there is no such file.
    """
    if not path.is_file():
        raise TableNotFound(f"there is no file {path}")
    folder = path.parent
    files = _Folder(folder).file
    return parse_table(path.read_bytes(), str(path), tables=partial(_load_base, folder=folder), files=files)


def list_tables(folder: Path = _FOLDER) -> tuple[str, ...]:
    """List the names of the folder's tables, which is `rules/` unless stated."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def _load_base(name: str, folder: Path) -> Table:
    is_beside = (folder / f"{name}.yaml").is_file()
    return load_layers(name, folder if is_beside else _FOLDER).base


class _Shelf:
    """Where tables are found with their overlays; each that another one asks is found here as well."""

    def __init__(self, place: "_Folder | _Texts") -> None:
        self._place = place
        self._found: dict[str, LayeredTable] = {}
        self._asking: list[str] = []

    def layers(self, name: str) -> LayeredTable:
        if name in self._asking:
            circle = ", ".join([*self._asking, name])
            raise TableNotFound(f"table {name!r} cannot be asked by itself: {circle}")
        if name not in self._found:
            self._asking.append(name)
            try:
                base = self._place.base(name, self._base)
            finally:
                self._asking.pop()
            asked = [self._found[other] for other in base.asked]
            self._found[name] = LayeredTable(base, self._place.overlays(base), asked)
        return self._found[name]

    def _base(self, name: str) -> Table:
        return self.layers(name).base


class _Folder:
    """Files of a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def base(self, name: str, tables: Tables) -> Table:
        path = self._path / f"{name}.yaml"
        if not NAME.fullmatch(name) or not path.is_file():
            raise TableNotFound(f"there is no table {shown(name)}")
        return _read(path, self._path, partial(parse_table, tables=tables, files=self.file))

    def overlays(self, base: Table) -> list[Overlay]:
        parse = partial(parse_overlay, base=base)
        files = sorted(self._path.glob(f"overlays/{base.id}/*.yaml"))
        return [_read(file, self._path, parse) for file in files]

    def file(self, name: str) -> bytes:
        path = self._path / name
        if not path.is_file():
            raise TableNotFound(f"there is no file {shown(name)}")
        return path.read_bytes()


class _Texts:
    """Texts of tables and overlays, told apart by what they say of themselves, and of their rows."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._bases: dict[str, tuple[str, str]] = {}
        self._overlays: dict[str, list[tuple[str, str]]] = {}
        self._files = {file.rpartition("/")[2]: text for file, text in sources.items()}
        for file, text in sources.items():
            said = {} if file.endswith(".csv") else _fields(text, file)
            if "overlays" in said:
                self._overlays.setdefault(str(said["overlays"]), []).append((file, text))
            elif said:
                self._bases.setdefault(str(said.get("id")), (file, text))
        self.first = next(iter(self._bases), "")

    def base(self, name: str, tables: Tables) -> Table:
        if name not in self._bases:
            raise TableNotFound(f"there is no text of table {shown(name)}")
        file, text = self._bases[name]
        return parse_table(text, file, tables=tables, files=self.file)

    def overlays(self, base: Table) -> list[Overlay]:
        return [parse_overlay(text, base, file) for file, text in self._overlays.get(base.id, [])]

    def file(self, name: str) -> str:
        if name not in self._files:
            raise TableNotFound(f"there is no text of {shown(name)}")
        return self._files[name]


def _fields(text: str, file: str) -> dict[str, Plain]:
    fields = plain(read_document(text, Findings(file)))
    return fields if isinstance(fields, dict) else {}


def _read(path: Path, folder: Path, parse: Callable[..., _NamedT]) -> _NamedT:
    source = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    parsed = parse(path.read_bytes(), source=source)
    if parsed.id != path.stem:
        raise TableError([Finding(source, 1, 1, f"the id {parsed.id!r} is not the name of the file")])
    return parsed
