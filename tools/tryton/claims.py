"""Which key asked for what, and what became of it: a small database of our own, because Tryton knows no keys.

Whoever changes something does it alone: the lock of a second database is held meanwhile, and a process that
dies gives it back.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import BaseModel

from tools.erp.booking import KeyConflict
from tools.erp.books import Unanswered

WAIT_S = 40
_SCHEMA = "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT) STRICT"


class Claims:
    """The claims in a file; its neighbour `.lock` is the lock."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._lock = file.with_name(f"{file.name}.lock")
        with self._open(self._file) as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else changes Tryton's books through these claims, and keep them off.

        Raises:
            Unanswered: somebody else takes too long.
        """
        with self._open(self._lock) as connection:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise Unanswered(f"another change of Tryton's books takes longer than {WAIT_S} s") from error
            yield

    def claim(self, key: str, digest: str) -> str | None:
        """Claim a key for a request, and return what was answered to it before.

        Raises:
            KeyConflict: the key belongs to another request.
        """
        with self._open(self._file) as connection:
            connection.execute(
                "INSERT INTO claims (key, digest) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, digest)
            )
            known, answer = connection.execute(
                "SELECT digest, answer FROM claims WHERE key = ?", (key,)
            ).fetchone()
        if known != digest:
            raise KeyConflict(key)
        return None if answer is None else str(answer)

    def keep(self, key: str, answer: BaseModel) -> None:
        """Keep what the request under this key was answered."""
        with self._open(self._file) as connection:
            connection.execute("UPDATE claims SET answer = ? WHERE key = ?", (answer.model_dump_json(), key))

    def give_back(self, key: str) -> None:
        """Give a key back under which nothing was done."""
        with self._open(self._file) as connection:
            connection.execute("DELETE FROM claims WHERE key = ?", (key,))

    @contextmanager
    def _open(self, file: Path) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(file, timeout=WAIT_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
