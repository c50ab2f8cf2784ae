"""Waiting for a case to come to rest, without asking again and again."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from uuid import UUID

from server.errors import Unavailable
from server.storage.cases import Case, get_case
from server.storage.database import Database, translated
from server.storage.notices import hear_rests, list_at_rest

ASK_EVERY_S = 1.0


class CaseWatch:
    """Wakes everybody in this process who waits for a case, over one connection for all of them.

    A notice can get lost with the connection; so the database is also asked, once a second, in one statement.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._released = False

    async def run(self) -> None:
        """Listen until cancelled, through restarts of the database."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._ask())

    async def wait(self, case_id: UUID, *, timeout_s: float) -> Case:
        """Return the case when it does not run, or after `timeout_s` as it then is.

        Raises:
            NotFound: there is none of this id.
        """
        deadline = time.monotonic() + timeout_s
        changed = asyncio.Event()
        self._waiting[case_id].add(changed)  # before the first look, so that nothing falls in between
        try:
            while True:
                changed.clear()  # before the look: a notice that comes while it is under way is news
                case = await self._case(case_id)
                left_s = deadline - time.monotonic()
                if case.status != "running" or self._released or left_s <= 0:
                    return case
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await changed.wait()
        finally:
            self._leave(case_id, changed)

    def release(self) -> None:
        """Let everybody go, now and from now on: the process stops."""
        self._released = True
        for case_id in list(self._waiting):
            self._wake(case_id)

    def _wake(self, case_id: UUID) -> None:
        for changed in self._waiting.get(case_id, ()):
            changed.set()

    def _leave(self, case_id: UUID, changed: asyncio.Event) -> None:
        self._waiting[case_id].discard(changed)
        if not self._waiting[case_id]:
            del self._waiting[case_id]

    async def _case(self, case_id: UUID) -> Case:
        async with self._database.connection() as connection:
            return await get_case(connection, case_id)

    async def _listen(self) -> None:
        while True:
            with suppress(Unavailable):
                async with translated(), await self._database.connect() as connection:
                    async for case_id in hear_rests(connection):
                        self._wake(case_id)
            await asyncio.sleep(ASK_EVERY_S)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            if waited_for := list(self._waiting):
                with suppress(Unavailable):
                    async with self._database.connection() as connection:
                        for case_id in await list_at_rest(connection, waited_for):
                            self._wake(case_id)
