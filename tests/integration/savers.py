"""Attempts of cases, for tests of the saver without a worker."""

from uuid import uuid4

from server.storage.cases import insert_case
from server.storage.database import Database
from server.storage.saver_writer import Attempt


async def new_attempt(database: Database) -> Attempt:
    """Make a case and its first attempt."""
    case_id = uuid4()
    async with database.transaction() as connection:
        await insert_case(connection, case_id, process="none", version="", input_={}, actor="test")
        await connection.execute("UPDATE cases SET attempt = 1 WHERE id = %s", (case_id,))
    return Attempt(case_id, 1)


async def supersede(database: Database, attempt: Attempt) -> Attempt:
    """Begin the next attempt of the case."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET attempt = attempt + 1 WHERE id = %s", (attempt.case_id,))
    return Attempt(attempt.case_id, attempt.number + 1)
