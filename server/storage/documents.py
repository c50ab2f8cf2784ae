"""Documents: immutable bytes under the name of their content."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from server.storage.database import Connection


@dataclass(frozen=True)
class Document:
    """One stored file. `id` is `sha256:` and the hex digest of `content`."""

    id: str
    name: str
    media_type: str
    content: bytes
    created_at: datetime


async def save_document(connection: Connection, content: bytes, *, name: str, media_type: str) -> str:
    """Store the bytes and return their id; storing them again changes nothing."""
    id_ = f"sha256:{hashlib.sha256(content).hexdigest()}"
    await connection.execute(
        "INSERT INTO documents (id, name, media_type, content) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (id) DO NOTHING",
        (id_, name, media_type, content),
    )
    return id_


async def has_document(connection: Connection, id_: str) -> bool:
    cursor = await connection.execute("SELECT 1 FROM documents WHERE id = %s", (id_,))
    return await cursor.fetchone() is not None


async def find_document(connection: Connection, id_: str) -> Document | None:
    async with connection.cursor(row_factory=class_row(Document)) as cursor:
        await cursor.execute(
            "SELECT id, name, media_type, content, created_at FROM documents WHERE id = %s", (id_,)
        )
        return await cursor.fetchone()
