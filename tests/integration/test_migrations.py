from server.storage.database import Database
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
