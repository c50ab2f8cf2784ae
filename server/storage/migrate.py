"""Bring a database to the schema of this version: ours and the checkpoints'."""

import hashlib
from pathlib import Path

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from server.errors import StartRefused
from server.storage.database import Connection, Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x57E3A2D


async def migrate(database: Database) -> list[str]:
    """Apply what is missing and return the names of the files applied now.

    Several processes may call it at once: an advisory lock lets one work while the others wait.

    Raises:
        StartRefused: a released file was edited.
    """
    connection = await database.connect()
    async with connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        applied = await _apply_files(connection)
        await AsyncPostgresSaver(connection).setup()
        return applied


async def list_pending(database: Database) -> list[str]:
    """Name the migrations that the database lacks; it is not changed.

    Raises:
        StartRefused: a released file was edited.
    """
    async with database.transaction() as connection:
        applied = await _applied(connection) if await _has_table(connection, "migrations") else {}
        return [file.name for file in _pending(applied)]


async def _apply_files(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, digest text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    pending = _pending(await _applied(connection))
    for file in pending:
        async with connection.transaction():
            await connection.execute(file.read_bytes())
            await connection.execute(
                "INSERT INTO migrations (name, digest) VALUES (%s, %s)", (file.name, _digest(file))
            )
    return [file.name for file in pending]


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await (await connection.execute("SELECT name, digest FROM migrations")).fetchall()
    return {row["name"]: row["digest"] for row in rows}


def _pending(applied: dict[str, str]) -> list[Path]:
    """Return what is missing. What is too much is a later host's, and works with the code before it too."""
    files = {file.name: file for file in sorted(MIGRATIONS.glob("*.sql"))}
    if edited := [name for name, file in files.items() if applied.get(name, _digest(file)) != _digest(file)]:
        raise StartRefused(f"released migrations were edited: {', '.join(sorted(edited))}")
    return [file for name, file in files.items() if name not in applied]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def _has_table(connection: Connection, name: str) -> bool:
    row = await (await connection.execute("SELECT to_regclass(%s) IS NOT NULL AS found", (name,))).fetchone()
    return bool(row and row["found"])
