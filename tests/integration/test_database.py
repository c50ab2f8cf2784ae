"""The pool of connections."""

import traceback

import pytest
from psycopg.errors import DivisionByZero

from server.errors import StartRefused
from server.storage.database import Database, check_address

KEEP = "INSERT INTO audit_entries (actor, action, object) VALUES ('anna', 'tried', %s)"


async def test_a_connection_that_the_server_has_closed_is_handed_to_nobody(database: Database) -> None:
    async with database.connection() as connection:
        number = connection.info.backend_pid
    async with await database.connect() as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", (number,))

    async with database.connection() as connection:
        answered = await (await connection.execute("SELECT pg_backend_pid() AS number")).fetchone()

    assert answered is not None
    assert answered["number"] != number


async def kept(database: Database) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.execute("SELECT object FROM audit_entries ORDER BY id")
        return [row["object"] for row in await rows.fetchall()]


async def test_a_pipeline_keeps_everything(database: Database) -> None:
    async with database.pipeline() as connection:
        await connection.execute(KEEP, ("one",))
        await connection.execute(KEEP, ("two",))

    assert await kept(database) == ["one", "two"]


async def test_a_pipeline_with_a_refused_statement_keeps_nothing(database: Database) -> None:
    async def keep_around_a_refusal() -> None:
        async with database.pipeline() as connection:
            await connection.execute(KEEP, ("one",))
            await connection.execute("SELECT 1 / %s", (0,))
            await connection.execute(KEEP, ("two",))

    with pytest.raises(DivisionByZero):
        await keep_around_a_refusal()

    assert await kept(database) == []


async def test_a_pipeline_that_is_left_by_an_error_keeps_nothing(database: Database) -> None:
    async def keep_and_fail() -> None:
        async with database.pipeline() as connection:
            await (await connection.execute(KEEP + " RETURNING id", ("one",))).fetchone()
            raise KeyError

    with pytest.raises(KeyError):
        await keep_and_fail()

    assert await kept(database) == []


@pytest.mark.parametrize(
    "address", ["postgresql://u:canary pass@h/x", "host=h password=canary port", "canary"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(StartRefused) as refused:
        check_address(address)

    assert "canary" not in "".join(traceback.format_exception(refused.value))
