"""Policies that are tables of a TOML file: the one that ships, or the operator's own of the same name."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from server.engine.watched_files import WatchedFiles
from server.errors import StartRefused

SHIPPED = Path(__file__).resolve().parents[2] / "rules" / "policies"


class PolicyTable(BaseModel):
    """One table, under its name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str


TableT = TypeVar("TableT", bound=PolicyTable)


def watched_tables(
    kind: type[TableT], file: str, *, policies: Path | None, check: Callable[[TableT], None] = lambda _: None
) -> WatchedFiles[list[TableT]]:
    """Return the tables of that file, as it says now: the operator's own, if their folder has it.

    `check` refuses, with ValueError, what a table of an operator's must not say.

    Raises:
        StartRefused: naming file, table and field.
    """
    shipped, own = SHIPPED / file, policies / file if policies else None

    def read() -> list[TableT]:
        theirs = own is not None and own.exists()
        return read_tables(
            kind, own if own and theirs else shipped, check=check if theirs else lambda _: None
        )

    return WatchedFiles(lambda: [shipped, own] if own else [shipped], read)


def read_tables(kind: type[TableT], file: Path, *, check: Callable[[TableT], None]) -> list[TableT]:
    """Read the tables of a file.

    Raises:
        StartRefused: naming file, table and field: it is no TOML, or a field is missing, unknown or wrong.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartRefused(f"{file}: {error}") from error
    return [_table(kind, name, table, file=file, check=check) for name, table in content.items()]


def _table(
    kind: type[TableT], name: str, table: object, *, file: Path, check: Callable[[TableT], None]
) -> TableT:
    if not isinstance(table, dict):
        raise StartRefused(f"{file}: {name} is no table but a single value")
    try:
        made = kind.model_validate({**table, "name": name})
        check(made)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ", field ".join([f"{file}: [{name}]", *map(str, first["loc"][:1])])
        raise StartRefused(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error
    except ValueError as error:
        raise StartRefused(f"{file}: [{name}], {error}") from error
    return made
