"""Idempotency keys: the same request again gets the same case."""

from uuid import UUID

from server.errors import IdempotencyMismatch
from server.storage.database import Connection


async def find_case_of_key(connection: Connection, actor: str, *, key: str, fingerprint: str) -> UUID | None:
    """Return the case that the actor's earlier request with this key started.

    Raises:
        IdempotencyMismatch: that request was another one.
    """
    row = await (
        await connection.execute(
            "SELECT fingerprint, case_id FROM idempotency_keys WHERE actor = %s AND key = %s", (actor, key)
        )
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise IdempotencyMismatch(f"key {key!r} came with another request before", field="Idempotency-Key")
    case_id: UUID = row["case_id"]
    return case_id


async def keep_key(connection: Connection, actor: str, *, key: str, fingerprint: str, case_id: UUID) -> bool:
    """Reserve the key for the case; False when another transaction was first (this one waits for its end)."""
    cursor = await connection.execute(
        "INSERT INTO idempotency_keys (actor, key, fingerprint, case_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (actor, key) DO NOTHING RETURNING case_id",
        (actor, key, fingerprint, case_id),
    )
    return await cursor.fetchone() is not None
