"""Schedules as the clock sees them: each moment starts one case, or is recorded with why it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from server.engine.cases import check_input, write_case
from server.engine.cron import Cron
from server.engine.registry import Registry
from server.errors import BadRequest, Unavailable
from server.failpoints import pass_point
from server.storage.audit import append_entry
from server.storage.cases import get_case
from server.storage.database import Connection, Database
from server.storage.schedules import (
    Schedule,
    advance_schedule,
    get_now,
    list_due_schedules,
    list_queued,
    record_firing,
    take_due_schedule,
)

log = structlog.get_logger()

ON_TIME = timedelta(minutes=1)  # a moment older than this was missed
MOST_MOMENTS = 100  # of one schedule: the newest that are caught up, and those that may be queued


async def fire_schedules(database: Database, registry: Registry) -> None:
    """Fire every schedule that is due and whose process this host has, each in a transaction of its own."""
    processes = [process.name for process in registry]
    async with database.connection() as connection:
        due = await list_due_schedules(connection, processes=processes)
    for id_ in due:
        try:
            await _fire_schedule(database, registry, id_)
        except Unavailable:
            raise
        except Exception:  # one schedule must not hold up the others; it is tried again in a second
            log.exception("schedule_failed", schedule_id=str(id_))


def missed_of(moments: Sequence[datetime], *, now: datetime, catch_up: str) -> set[datetime]:
    """Choose the moments that are not caught up: none of them, all but the newest, or all that are late."""
    match catch_up:
        case "all":
            return set()
        case "one":
            return set(moments[:-1])
        case _:
            return {moment for moment in moments if now - moment >= ON_TIME}


async def _fire_schedule(database: Database, registry: Registry, id_: UUID) -> None:
    processes = [process.name for process in registry]
    async with database.transaction() as connection:
        schedule = await take_due_schedule(connection, id_, processes=processes)
        if schedule is None:
            return
        turn = _Turn(connection, registry, schedule, schedule.last_case)
        await turn.start_queued()
        await turn.settle_due(await get_now(connection))
        pass_point("schedule_before_commit")
    pass_point("schedule_after_commit")
    log.info("schedule_fired", schedule=schedule.name)


@dataclass
class _Turn:
    """One schedule, locked, in the transaction that fires it."""

    connection: Connection
    registry: Registry
    schedule: Schedule
    last_case: UUID | None
    queued: int = 0

    async def start_queued(self) -> None:
        for moment in await list_queued(self.connection, self.schedule.id):
            if await self._is_busy():
                self.queued += 1
            else:
                await self._start(moment)

    async def settle_due(self, now: datetime) -> None:
        """Decide what becomes of every moment up to now, and go on to the next."""
        cron, first = Cron(self.schedule.cron, self.schedule.zone), self.schedule.next_at
        if first is None:
            raise AssertionError("a schedule that is enabled has a next moment")
        # It may be due for what it has queued, and its next moment lie ahead.
        moments = cron.newest(first, now, limit=MOST_MOMENTS) if first <= now else []
        if moments and moments[0] > first:
            await self._note("missed", first=first.isoformat(), before=moments[0].isoformat())
        missed = missed_of(moments, now=now, catch_up=self.schedule.catch_up)
        for moment in moments:
            if moment in missed:
                await self._record(moment, "missed")
            else:
                await self._settle(moment)
        await advance_schedule(
            self.connection,
            self.schedule.id,
            next_at=next(cron.after(now)),
            last_at=moments[-1] if moments else self.schedule.last_at,
            last_case=self.last_case,
        )

    async def _settle(self, moment: datetime) -> None:
        if not await self._is_busy():
            await self._start(moment)
        elif self.schedule.overlap == "queue" and self.queued < MOST_MOMENTS:
            self.queued += 1
            await self._record(moment, "queued")
        else:
            await self._record(moment, "skipped", reason=f"case {self.last_case} has not ended")

    async def _is_busy(self) -> bool:
        if self.schedule.overlap == "allow" or self.last_case is None:
            return False
        return (await get_case(self.connection, self.last_case)).ended_at is None

    async def _start(self, moment: datetime) -> None:
        process = self.registry.get(self.schedule.process)
        try:
            input_ = check_input(process, self.schedule.input)
            case = await write_case(self.connection, process, input_=input_, actor=self._actor)
        except BadRequest as error:  # the process has changed, or the document is gone
            await self._record(moment, "refused", reason=error.message)
        else:
            self.last_case = case.id
            await self._record(moment, "started", case_id=case.id)

    async def _record(
        self, moment: datetime, outcome: str, *, reason: str | None = None, case_id: UUID | None = None
    ) -> None:
        await record_firing(
            self.connection, self.schedule.id, moment, outcome=outcome, reason=reason, case_id=case_id
        )
        await self._note(outcome, case_id=case_id, scheduled_for=moment.isoformat())

    async def _note(self, outcome: str, *, case_id: UUID | None = None, **detail: Any) -> None:
        await append_entry(
            self.connection,
            self._actor,
            action=f"schedule_{outcome}",
            object_=f"schedule/{self.schedule.id}",
            case_id=case_id,
            **detail,
        )

    @property
    def _actor(self) -> str:
        return f"schedule/{self.schedule.name}"
