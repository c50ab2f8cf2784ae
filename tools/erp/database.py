"""The ERP's database: one SQLite file that several processes share and a crash at any time leaves whole."""

import sqlite3
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tools.erp.values import letters_and_digits

HERE = Path(__file__).parent
SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 15


class ForeignBooks(Exception):
    """The file holds something else than books of this schema; the message says what to do."""

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(f"{path} {reason}. Remove the file to start new books, or name another one.")


class Database:
    """The file at `path`, made and seeded if it is new.

    Every operation has a connection of its own, so that operations may run in any thread.

    Raises:
        ForeignBooks: the file was not written by this version of the ERP.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # The last connection that closes copies the log back and removes it; an idle one spares each
        # operation that work.
        self._idle = self._connect(check_same_thread=False)
        try:
            self._open()
        except BaseException:
            self._idle.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the books throughout."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that nobody else writes beside; leaving commits, an exception rolls back."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    def close(self) -> None:
        self._idle.close()

    def _open(self) -> None:
        _wait_for_write_ahead_log(self._idle)
        with self.write() as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION:
                return
            if not _is_empty(connection):
                reason = f"has version {version} of the ERP's schema, and this is version {SCHEMA_VERSION}"
                raise ForeignBooks(self.path, reason=reason)
            _create(connection)

    def _connect(self, *, check_same_thread: bool = True) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=check_same_thread
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _wait_for_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for a lock here as it does elsewhere, so that processes which start together
    # on a new file would fail.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None


def _create(connection: sqlite3.Connection) -> None:
    for statement in _statements((HERE / "schema.sql").read_text(encoding="utf-8")):
        connection.execute(statement)
    _seed(connection, tomllib.loads((HERE / "seed.toml").read_text(encoding="utf-8")))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _statements(script: str) -> Iterator[str]:
    # `executescript` would commit the open transaction first.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _seed(connection: sqlite3.Connection, seed: dict[str, Any]) -> None:
    connection.execute(
        "INSERT INTO company (entity, name, vat_id, city) VALUES (:entity, :name, :vat_id, :city)",
        seed["company"],
    )
    connection.executemany(
        "INSERT INTO rates (currency, valid_from, rate) VALUES (?, ?, ?)",
        [(rate["currency"], rate["valid_from"].isoformat(), rate["rate"]) for rate in _rates(seed)],
    )
    connection.executemany(
        "INSERT INTO suppliers (id, name, name_key, vat_id, city, country, currency, iban, terms_days)"
        " VALUES (:id, :name, :name_key, :vat_id, :city, :country, :currency, :iban, :terms_days)",
        [
            {
                **supplier,
                "name_key": letters_and_digits(supplier["name"]),
                "vat_id": letters_and_digits(supplier["vat_id"]),
                "iban": letters_and_digits(supplier["iban"]),
            }
            for supplier in seed["supplier"]
        ],
    )
    for order in seed["order"]:
        _seed_order(connection, order)


def _rates(seed: dict[str, Any]) -> list[dict[str, Any]]:
    earliest = min(rate["valid_from"] for rate in seed["rate"]).replace(year=1999, month=1, day=1)
    return [{"currency": seed["base_currency"], "valid_from": earliest, "rate": "1"}, *seed["rate"]]


def _seed_order(connection: sqlite3.Connection, order: dict[str, Any]) -> None:
    connection.execute(
        "INSERT INTO orders (number, number_key, supplier, currency, date, contract)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            order["number"],
            letters_and_digits(order["number"]),
            order["supplier"],
            order["currency"],
            order["date"].isoformat(),
            order.get("contract"),
        ),
    )
    connection.executemany(
        "INSERT INTO order_lines (order_number, line, item, description, quantity, unit_price, received)"
        " VALUES (:order, :line, :item, :description, :quantity, :unit_price, :received)",
        [{**line, "order": order["number"]} for line in order["lines"]],
    )
