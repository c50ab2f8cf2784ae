"""What the office knows and what was done in it, read by whoever judges, past every door."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

SUPPLIER = {"id": "S-1", "name": "Bergmann", "iban": "DE64500105170000110011"}
OTHER = {"id": "S-2", "name": "Keller", "iban": "DE21500105170000220022"}

_TABLE = """
    CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, tool TEXT, arguments TEXT, key TEXT UNIQUE)
"""


class OfficeBooks:
    """The two files of an office in one folder."""

    def __init__(self, folder: Path) -> None:
        self._knowledge = folder / "office.json"
        self._file = folder / "office.sqlite3"

    def learn(self, **knowledge: Any) -> None:
        """Let the office know this, besides its suppliers, and nothing else."""
        text = json.dumps({"suppliers": [SUPPLIER, OTHER], **knowledge})
        self._knowledge.write_text(text, encoding="utf-8")

    def knows(self, name: str, default: Any) -> Any:
        if not self._knowledge.exists():
            return default
        return json.loads(self._knowledge.read_text(encoding="utf-8")).get(name, default)

    def note(self, tool: str, arguments: dict[str, str], *, key: str | None = None) -> str:
        """Write a call down, once for its key, and return its number."""
        with closing(self._open()) as books, books:
            known = (
                books.execute("SELECT number FROM calls WHERE key = ?", (key,)).fetchone() if key else None
            )
            if known:
                return str(known[0])
            row = books.execute(
                "INSERT INTO calls (tool, arguments, key) VALUES (?, ?, ?) RETURNING number",
                (tool, json.dumps(arguments), key),
            ).fetchone()
            return str(row[0])

    def calls(self, *tools: str) -> list[dict[str, Any]]:
        """Return the arguments of each call of these tools, in order, with the tool's name as `tool`."""
        with closing(self._open()) as books:
            rows = books.execute("SELECT tool, arguments FROM calls ORDER BY number").fetchall()
        return [{"tool": tool, **json.loads(arguments)} for tool, arguments in rows if tool in tools]

    def forget(self) -> None:
        """Take every call out."""
        with closing(self._open()) as books, books:
            books.execute("DELETE FROM calls")

    def _open(self) -> sqlite3.Connection:
        books = sqlite3.connect(self._file, timeout=30)
        books.execute(_TABLE)
        return books
