"""What is left to judge by, as plain data: the host's tables, the systems' rows, the triggers' notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

_TABLES = {
    "cases": "SELECT id::text, status, attempt, input, error, created_at, ended_at FROM cases",
    "runs": "SELECT id::text, case_id::text, status, kind, takeovers, ended_at FROM runs",
    "reviews": "SELECT id::text, case_id::text, status, answer, answered_by FROM reviews",
    "effects": "SELECT key, case_id::text, server, status, tries FROM effects",
    "audit": "SELECT actor, action, object, case_id::text FROM audit_entries",
    "claims": "SELECT case_id::text, writer, at FROM gauntlet.claims ORDER BY at",
    "writes": "SELECT case_id::text, writer, place, at FROM gauntlet.writes",
}


class Books(Protocol):
    """What a system has done, in its own words: a row for each effect, with reference and key."""

    def applied(self) -> list[Row]: ...


@dataclass(frozen=True)
class Evidence:
    """One moment of the host and of the systems. `applied` holds, by system, a row for each effect there."""

    applied: Mapping[str, list[Row]] = field(default_factory=dict)
    cases: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    effects: list[Row] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)
    claims: list[Row] = field(default_factory=list)
    writes: list[Row] = field(default_factory=list)


def collect(url: str, books: Mapping[str, Books]) -> Evidence:
    """Read everything once, the host's tables in one snapshot."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        tables = {
            name: connection.execute(statement.encode()).fetchall() for name, statement in _TABLES.items()
        }
    applied = {system: of_system.applied() for system, of_system in books.items()}
    return Evidence(applied=applied, **tables)
