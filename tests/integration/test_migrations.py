import hashlib

from server.storage.database import Database
from server.storage.incidents import list_incidents
from server.storage.migrate import MIGRATIONS, migrate


async def test_migrating_twice_applies_nothing_the_second_time(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        first = await migrate(database)

        second = await migrate(database)

        assert first == sorted(file.name for file in MIGRATIONS.glob("*.sql"))
        assert second == []


async def test_a_host_of_the_version_before_starts_on_the_later_schema(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO migrations (name, digest) VALUES ('9999_later.sql', 'x')")

    assert await migrate(database) == []


async def test_a_case_that_stood_still_before_incidents_were_kept_has_one(
    empty_database_url: str,
) -> None:
    first = MIGRATIONS / "0001_house.sql"
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    async with Database(empty_database_url) as database:
        async with database.transaction() as connection:
            await connection.execute(first.read_bytes(), prepare=False)
            await connection.execute("CREATE TABLE migrations (name text, digest text, applied_at date)")
            await connection.execute("INSERT INTO migrations VALUES (%s, %s)", (first.name, digest))
            await connection.execute(
                "INSERT INTO cases (id, process, status, input, started_by, error) VALUES"
                " (gen_random_uuid(), 'small', 'incident', '{}', 'anna',"
                """ '{"code": "tool_outcome_unknown", "message": "no answer"}')"""
            )

        await migrate(database)

        async with database.connection() as connection:
            (incident,) = await list_incidents(connection, limit=2)
    assert (incident.status, incident.kind, incident.message) == ("open", "ambiguous", "no answer")
    assert incident.group_key == "small/-/tool_outcome_unknown"
