"""How much a case may take: graphs/limits.toml, and the operator's file that goes before it."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.errors import StartRefused

SHIPPED = Path(__file__).resolve().parents[2] / "graphs" / "limits.toml"
DEFAULT = "default"
TENANT = "tenant"
RESERVED = {DEFAULT, TENANT}  # tables that are no process's


class Admission(BaseModel):
    """What may wait and run at once; None is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    concurrency: int | None = Field(default=None, ge=1)
    starts_per_minute: int | None = Field(default=None, ge=1)
    queue: int = Field(default=100_000, ge=1)


class Limits(Admission):
    """What a case of one process may take; the comment at the top of limits.toml says what is what."""

    supersteps: int = Field(default=100, ge=1, le=10_000)
    case_supersteps: int = Field(default=5_000, ge=1)
    step_s: float = Field(default=300, gt=0, le=86_400)
    fan_out: int = Field(default=200, ge=1)
    payload_bytes: int = Field(default=262_144, ge=1)
    state_bytes: int = Field(default=4_194_304, ge=1)
    value_depth: int = Field(default=64, ge=1, le=500)
    deaths: int = Field(default=3, ge=1)


class HostLimits:
    """The limits of every process and tenant."""

    def __init__(
        self,
        default: Limits | None = None,
        *,
        processes: Mapping[str, Limits] | None = None,
        tenants: Mapping[str, Admission] | None = None,
    ) -> None:
        self._default = default or Limits()
        self._processes = processes or {}
        self.tenants = tenants or {}

    def of(self, process: str) -> Limits:
        return self._processes.get(process, self._default)

    def of_tenant(self, tenant: str) -> Admission:
        """Return the tenant's limits; one without a table has those of the tenant `default`."""
        return self.tenants.get(tenant) or self.tenants.get(DEFAULT) or Admission()


DEFAULTS = HostLimits()


def load_limits(own: Path | None = None, *, processes: Collection[str]) -> HostLimits:
    """Read the limits that ship with the processes, and before them the operator's own file.

    Raises:
        StartRefused: naming file, table and field: a file is no TOML, a table of the operator's names no
            process, or a field is unknown or has a value that it cannot have.
    """
    tables, tenants = _read(SHIPPED)
    if own is not None:
        own_tables, own_tenants = _read(own)
        if unknown := sorted(own_tables.keys() - {DEFAULT, *processes}):
            raise StartRefused(f"{own}: [{unknown[0]}] is no process that langgraph.json lists")
        tables, tenants = _merged(tables, own_tables), _merged(tenants, own_tenants)
    default = tables.pop(DEFAULT, {})
    return HostLimits(
        Limits(**default),
        processes={name: Limits(**(default | table)) for name, table in tables.items()},
        tenants={name: Admission(**table) for name, table in tenants.items()},
    )


Tables = dict[str, dict[str, Any]]
TableT = TypeVar("TableT", bound=Admission)


def _read(file: Path) -> tuple[Tables, Tables]:
    """Return the tables of processes and those of tenants, each checked by itself."""
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartRefused(f"{file}: {error}") from error
    tenants = content.pop(TENANT, {})
    if not isinstance(tenants, dict):
        raise StartRefused(f"{file}: {TENANT} is no table of tenants but a single value")
    for name, table in content.items():
        _check(Limits, table, where=f"{file}: [{name}]")
    for name, table in tenants.items():
        _check(Admission, table, where=f"{file}: [{TENANT}.{name}]")
    return content, tenants


def _check(kind: type[TableT], table: object, *, where: str) -> None:
    try:
        kind.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ", field ".join([where, *map(str, first["loc"])])
        raise StartRefused(f"{place}: {first['msg']}") from error


def _merged(tables: Tables, own: Tables) -> Tables:
    return {name: tables.get(name, {}) | own.get(name, {}) for name in tables.keys() | own.keys()}
