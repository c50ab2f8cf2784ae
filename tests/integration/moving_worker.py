"""A process of its own that carries out the migrations of one database, for tests that kill it."""

import asyncio
import sys

from test_case_migrations import NEW

from server.engine.case_migrations import carry_out
from server.engine.registry import Registry
from server.storage.database import Database


async def main(url: str) -> None:
    async with Database(url, size=2) as database:
        await carry_out(database, Registry([NEW]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
