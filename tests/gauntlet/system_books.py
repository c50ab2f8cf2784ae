"""What an outside system has done: one row for each applied effect, in a SQLite file of its own.

The rows are the truth that the host is judged by. Faults lie in the same file, so that any process can
set one: `Books(file).set_fault("lose_answer", times=1)`.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Contract = Literal["keyed", "searchable", "blind"]
# The name says what happens; what ends in `_after` happens when the effect is applied, the rest before.
FaultName = Literal[
    "delay",
    "delay_after",
    "refuse",
    "refuse_after",
    "rpc_error",
    "rpc_error_after",
    "http_503",
    "http_503_after",
    "lose_answer",
    "bad_answer",
]
# What a system says of `transfer`, when it is no longer what it said first.
Listing = Literal["poisoned", "widened", "harmless", "missing"]
FOR_EVER = 1_000_000_000

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS transfers (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
        key TEXT, arrived_at REAL NOT NULL, applied_at REAL NOT NULL
    );
    CREATE INDEX IF NOT EXISTS transfers_by_reference ON transfers (reference);
    CREATE INDEX IF NOT EXISTS transfers_by_key ON transfers (key);
    CREATE TABLE IF NOT EXISTS cancellations (
        id INTEGER PRIMARY KEY, transfer INTEGER NOT NULL REFERENCES transfers, key TEXT,
        arrived_at REAL NOT NULL, applied_at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS faults (name TEXT PRIMARY KEY, times INTEGER NOT NULL, seconds REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS listing (name TEXT NOT NULL);
"""


class KeyConflict(Exception):
    """The key was used for another request."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one call."""

    name: FaultName
    seconds: float


class Books:
    """The system's file. Every operation has a connection of its own, so any thread or process may call."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._writing() as connection:
            connection.executescript(_SCHEMA)

    def transfer(
        self, *, reference: str, amount: str, currency: str, key: str | None, once: bool, arrived_at: float
    ) -> dict[str, Any]:
        """Move the money; with `once`, a key that is known gets what its first request was answered."""
        wanted = (reference, amount, currency)
        with self._writing() as connection:
            known = _known(connection, "transfers", key) if once else None
            if known is not None and (known["reference"], known["amount"], known["currency"]) != wanted:
                raise KeyConflict(f"key {key!r} belongs to another transfer")
            if known is None:
                known = connection.execute(
                    "INSERT INTO transfers (reference, amount, currency, key, arrived_at, applied_at)"
                    " VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
                    (*wanted, key, arrived_at, time.time()),
                ).fetchone()
            return _shown(known)

    def cancel(self, *, transfer: str, key: str | None, once: bool, arrived_at: float) -> dict[str, Any]:
        """Take a transfer back; raises LookupError when there is none of this number."""
        with self._writing() as connection:
            if once and _known(connection, "cancellations", key) is not None:
                return {"transfer": transfer, "cancelled": True}
            number = int(transfer.removeprefix("T-"))
            if connection.execute("SELECT 1 FROM transfers WHERE id = ?", (number,)).fetchone() is None:
                raise LookupError(f"there is no transfer {transfer}")
            connection.execute(
                "INSERT INTO cancellations (transfer, key, arrived_at, applied_at) VALUES (?, ?, ?, ?)",
                (number, key, arrived_at, time.time()),
            )
            return {"transfer": transfer, "cancelled": True}

    def find_transfers(self, reference: str) -> list[dict[str, Any]]:
        rows = self.rows("SELECT * FROM transfers WHERE reference = ? ORDER BY id", reference)
        return [_shown(row) for row in rows]

    def find_cancellations(self, transfer: str) -> list[dict[str, Any]]:
        number = int(transfer.removeprefix("T-"))
        rows = self.rows("SELECT 1 FROM cancellations WHERE transfer = ?", number)
        return [{"transfer": transfer, "cancelled": True} for _ in rows]

    def list_transfers(self, *, after: int, limit: int) -> list[dict[str, Any]]:
        rows = self.rows("SELECT * FROM transfers WHERE id > ? ORDER BY id LIMIT ?", after, limit)
        return [_shown(row) for row in rows]

    def list_keys(self, *, after: int, limit: int) -> list[dict[str, Any]]:
        """List what was done, in the order of its doing, with the key that came with each."""
        rows = self.rows(
            "SELECT 'transfer' AS tool, key, applied_at FROM transfers"
            " UNION ALL SELECT 'cancel_transfer', key, applied_at FROM cancellations"
            " ORDER BY applied_at LIMIT ? OFFSET ?",
            limit,
            after,
        )
        return [{"tool": row["tool"], "key": row["key"]} for row in rows]

    def applied(self) -> list[dict[str, Any]]:
        """The transfers, as the judges want them."""
        return [dict(row) for row in self.rows("SELECT * FROM transfers ORDER BY id")]

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._connected() as connection:
            return connection.execute(statement, values).fetchall()

    def set_fault(self, name: FaultName, *, times: int = FOR_EVER, seconds: float = 0.0) -> None:
        """Let the next `times` consequential calls suffer it; `seconds` is how long a delay lasts."""
        if name not in get_args(FaultName):
            raise ValueError(f"there is no fault {name!r}")
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO faults VALUES (?, ?, ?)", (name, times, seconds))

    def clear_faults(self) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM faults")

    def take_faults(self) -> dict[FaultName, Fault]:
        """Say what goes wrong with the call that begins now, and count it."""
        if not self.rows("SELECT 1 FROM faults WHERE times > 0"):
            return {}
        with self._writing() as connection:
            rows = connection.execute(
                "UPDATE faults SET times = times - 1 WHERE times > 0 RETURNING name, seconds"
            ).fetchall()
        return {row["name"]: Fault(row["name"], row["seconds"]) for row in rows}

    def set_listing(self, name: Listing | None) -> None:
        """Let the system say this of `transfer` from its next listing on; None is what it said first."""
        with self._writing() as connection:
            connection.execute("DELETE FROM listing")
            if name is not None:
                connection.execute("INSERT INTO listing VALUES (?)", (name,))

    def listing(self) -> Listing | None:
        rows = self.rows("SELECT name FROM listing")
        return rows[0]["name"] if rows else None

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            # A process that is killed loses nothing in this mode; only a machine that fails could.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection


def _known(connection: sqlite3.Connection, table: str, key: str | None) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(f"SELECT * FROM {table} WHERE key = ?", (key,)).fetchone()
    return row


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "transfer": f"T-{row['id']}",
        "reference": row["reference"],
        "amount": row["amount"],
        "currency": row["currency"],
        "key": row["key"],
    }
