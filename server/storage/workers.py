"""Workers: a number, the queues it serves, and the session advisory lock that says its owner lives."""

from server.storage.database import Connection

LOCK_CLASS = 0x57A9D
LEASE_S = 10
KEEP_DAYS = 7


async def register_worker(connection: Connection, name: str, *, serves: list[str]) -> int:
    """Register a worker and take its lock on this connection, which must stay open while the worker lives.

    PostgreSQL frees the lock when the connection's process ends, however it ends. Workers that were last seen
    `KEEP_DAYS` ago are forgotten.
    """
    await connection.execute(
        "DELETE FROM workers WHERE seen_at < now() - make_interval(days => %s)"
        " AND NOT EXISTS (SELECT FROM runs WHERE worker = workers.id AND status = 'running')",
        (KEEP_DAYS,),
    )
    row = await (
        await connection.execute(
            "INSERT INTO workers (name, serves) VALUES (%s, %s) RETURNING id", (name, serves)
        )
    ).fetchone()
    if row is None:
        raise AssertionError("INSERT ... RETURNING gave no row")
    await connection.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_CLASS, row["id"]))
    number: int = row["id"]
    return number


async def renew_lease(connection: Connection, number: int) -> None:
    """Say that the worker is not frozen either. Its runs are taken over when this stops for `LEASE_S`."""
    await connection.execute("UPDATE workers SET seen_at = now() WHERE id = %s", (number,))
