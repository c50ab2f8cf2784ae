"""The pool of connections."""

from server.storage.database import Database


async def test_a_connection_that_the_server_has_closed_is_handed_to_nobody(database: Database) -> None:
    async with database.connection() as connection:
        number = connection.info.backend_pid
    async with await database.connect() as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", (number,))

    async with database.connection() as connection:
        answered = await (await connection.execute("SELECT pg_backend_pid() AS number")).fetchone()

    assert answered is not None
    assert answered["number"] != number
