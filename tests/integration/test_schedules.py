"""Schedules: each moment starts one case, or is recorded with why it did not."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from waiting_processes import dies, rows, waiting_registry, worker

from server.engine.firing import MOST_MOMENTS, fire_schedules, missed_of
from server.engine.schedules import change_schedule, create_schedule, remove_schedule
from server.errors import BadRequest, Conflict
from server.storage.database import Database
from server.storage.schedules import Plan, Schedule

REGISTRY = waiting_registry()
EVERY_MINUTE = Plan(
    process="loop",
    cron="* * * * *",
    zone="Europe/Zurich",
    input={"rounds": 1},
    overlap="allow",
    catch_up="all",
    enabled=True,
)


async def create(database: Database, name: str = "s", **plan: Any) -> Schedule:
    whole = Plan(**(vars(EVERY_MINUTE) | plan))
    return await create_schedule(database, REGISTRY, name=name, plan=whole, actor="anna")


async def create_due(database: Database, moments: int = 1, name: str = "s", **plan: Any) -> Schedule:
    """A schedule that was due in so many minutes, one after the other, beginning forty minutes ago."""
    (row,) = await rows(database, "SELECT date_trunc('minute', now() - interval '40 minutes') AS first")
    minutes = {(row["first"].minute + number) % 60 for number in range(moments)}
    schedule = await create(database, name, cron=f"{','.join(map(str, minutes))} * * * *", **plan)
    await rows(database, f"UPDATE schedules SET next_at = '{row['first']}' WHERE name = '{name}'")
    return schedule


async def fire(database: Database) -> None:
    await fire_schedules(database, REGISTRY)


async def outcomes(database: Database) -> list[str]:
    found = await rows(database, "SELECT outcome FROM firings ORDER BY scheduled_for")
    return [row["outcome"] for row in found]


async def end_cases(database: Database) -> None:
    await rows(database, "UPDATE cases SET status = 'succeeded', ended_at = now()")


async def test_a_moment_starts_a_case_with_the_schedule_as_its_actor(database: Database) -> None:
    await create_due(database, name="nightly")

    await fire(database)
    await fire(database)

    (case,) = await rows(database, "SELECT process, input, started_by FROM cases")
    assert case == {"process": "loop", "input": {"rounds": 1}, "started_by": "schedule/nightly"}
    assert await outcomes(database) == ["started"]
    assert len(await rows(database, "SELECT * FROM runs WHERE status = 'ready'")) == 1


async def test_nothing_starts_before_its_moment(database: Database) -> None:
    schedule = await create(database)

    await fire(database)

    assert schedule.next_at is not None
    assert await rows(database, "SELECT * FROM cases") == []


async def test_the_next_moment_lies_ahead_by_the_time_of_the_database(database: Database) -> None:
    await create_due(database, 5)

    await fire(database)

    (row,) = await rows(
        database,
        "SELECT next_at > now() AND next_at < now() + interval '1 hour' AS ahead,"
        " last_at = (SELECT max(scheduled_for) FROM firings) AS last FROM schedules",
    )
    assert row == {"ahead": True, "last": True}


@pytest.mark.parametrize(
    ("overlap", "at_once", "after_the_first_has_ended"),
    [
        ("skip", ["started", "skipped", "skipped"], ["started", "skipped", "skipped"]),
        ("queue", ["started", "queued", "queued"], ["started", "started", "queued"]),
        ("allow", ["started", "started", "started"], ["started", "started", "started"]),
    ],
)
async def test_a_moment_that_comes_while_the_case_before_is_open(
    database: Database, overlap: str, at_once: list[str], after_the_first_has_ended: list[str]
) -> None:
    await create_due(database, 3, overlap=overlap)

    await fire(database)
    first = await outcomes(database)
    await end_cases(database)
    await fire(database)
    second = await outcomes(database)

    assert (first, second) == (at_once, after_the_first_has_ended)
    started = await rows(database, "SELECT * FROM cases")
    assert len(started) == second.count("started")


async def test_a_skipped_moment_says_which_case_was_in_its_way(database: Database) -> None:
    await create_due(database, 2, overlap="skip")

    await fire(database)

    (case,) = await rows(database, "SELECT id FROM cases")
    (skipped,) = await rows(database, "SELECT reason FROM firings WHERE outcome = 'skipped'")
    assert skipped["reason"] == f"case {case['id']} has not ended"


@pytest.mark.parametrize(
    ("catch_up", "found"), [("none", ["missed"]), ("one", ["started"]), ("all", ["started"])]
)
async def test_a_single_missed_moment(database: Database, catch_up: str, found: list[str]) -> None:
    await create_due(database, catch_up=catch_up)

    await fire(database)

    assert await outcomes(database) == found


NOW = datetime(2026, 11, 25, 3, 30, 20, tzinfo=UTC)
MOMENTS = [NOW.replace(second=0) - timedelta(minutes=number) for number in (3, 2, 1, 0)]


@pytest.mark.parametrize(("catch_up", "missed"), [("none", MOMENTS[:3]), ("one", MOMENTS[:3]), ("all", [])])
def test_which_moments_are_caught_up_on(catch_up: str, missed: list[datetime]) -> None:
    assert missed_of(MOMENTS, now=NOW, catch_up=catch_up) == set(missed)


def test_after_an_outage_one_means_the_newest_and_none_means_none() -> None:
    later = NOW + timedelta(minutes=5)

    assert missed_of(MOMENTS, now=later, catch_up="one") == set(MOMENTS[:3])
    assert missed_of(MOMENTS, now=later, catch_up="none") == set(MOMENTS)


async def test_a_long_outage_is_caught_up_to_a_bound_and_the_rest_is_on_record(database: Database) -> None:
    await create(database)
    await rows(database, "UPDATE schedules SET next_at = date_trunc('minute', now()) - interval '3 hours'")
    (before,) = await rows(database, "SELECT next_at FROM schedules")

    await fire(database)

    assert await outcomes(database) == ["started"] * MOST_MOMENTS
    (oldest,) = await rows(database, "SELECT min(scheduled_for) AS at FROM firings")
    (entry,) = await rows(database, "SELECT detail FROM audit_entries WHERE action = 'schedule_missed'")
    assert datetime.fromisoformat(entry["detail"]["first"]) == before["next_at"]
    assert datetime.fromisoformat(entry["detail"]["before"]) == oldest["at"]


async def test_many_clocks_start_one_case_a_moment(database: Database) -> None:
    await create_due(database, 10)

    await asyncio.gather(*(fire(database) for _ in range(5)))

    assert await outcomes(database) == ["started"] * 10
    assert len(await rows(database, "SELECT * FROM cases")) == 10


async def test_a_moment_that_was_dealt_with_never_comes_again(database: Database) -> None:
    """As when the database's clock is set back: the key of the firing refuses it, with all that was done."""
    await create_due(database)
    await fire(database)
    await rows(database, "UPDATE schedules SET next_at = last_at")

    await fire(database)

    assert await outcomes(database) == ["started"]
    assert len(await rows(database, "SELECT * FROM cases")) == 1


@pytest.mark.parametrize("point", ["schedule_before_commit", "schedule_after_commit"])
async def test_a_worker_killed_while_a_schedule_fires_starts_one_case(
    database: Database, database_url: str, point: str
) -> None:
    await create_due(database)

    with worker(database_url, f"{point}:kill:1") as process:
        await dies(process)
    with worker(database_url):
        async with asyncio.timeout(60):
            while not await rows(database, "SELECT 1 FROM cases WHERE status = 'waiting'"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    assert await outcomes(database) == ["started"]
    assert len(await rows(database, "SELECT * FROM cases")) == 1


async def test_what_the_process_no_longer_takes_is_refused_and_the_schedule_goes_on(
    database: Database,
) -> None:
    await create_due(database, 2)
    await rows(database, """UPDATE schedules SET input = '{"rounds": "many"}'""")

    await fire(database)

    assert await outcomes(database) == ["refused", "refused"]
    (row,) = await rows(database, "SELECT next_at > now() AS ahead FROM schedules")
    assert row["ahead"]


async def test_a_broken_schedule_holds_up_no_other(database: Database) -> None:
    await create_due(database, name="broken")
    await create_due(database, name="sound")
    await rows(database, "UPDATE schedules SET cron = 'x' WHERE name = 'broken'")

    await fire(database)

    (case,) = await rows(database, "SELECT started_by FROM cases")
    assert case["started_by"] == "schedule/sound"


async def test_a_schedule_of_a_process_that_this_host_lacks_is_left_to_others(database: Database) -> None:
    await create_due(database)
    await rows(database, "UPDATE schedules SET process = 'elsewhere'")

    await fire(database)

    assert await outcomes(database) == []


async def test_disabled_it_rests_and_enabled_it_starts_from_now(database: Database) -> None:
    schedule = await create(database)
    disabled = await change(database, schedule.id, enabled=False)
    await fire(database)

    enabled = await change(database, schedule.id, enabled=True)
    await fire(database)

    assert (disabled.enabled, disabled.next_at) == (False, None)
    assert enabled.next_at is not None
    assert await outcomes(database) == []


async def change(database: Database, id_: UUID, **changes: Any) -> Schedule:
    return await change_schedule(database, REGISTRY, id_, changes=changes, actor="ben")


async def test_a_change_of_policy_leaves_the_moments_that_are_due(database: Database) -> None:
    schedule = await create_due(database, 2)

    await change(database, schedule.id, overlap="skip")
    await fire(database)

    assert await outcomes(database) == ["started", "skipped"]


async def test_another_line_counts_from_now(database: Database) -> None:
    schedule = await create_due(database, 2)

    changed = await change(database, schedule.id, cron="0 0 1 1 *", zone="UTC")

    assert changed.next_at is not None
    assert (changed.next_at.month, changed.next_at.day) == (1, 1)


async def test_deleted_it_leaves_its_cases(database: Database) -> None:
    schedule = await create_due(database)
    await fire(database)

    await remove_schedule(database, schedule.id, actor="anna")

    assert await outcomes(database) == []
    assert len(await rows(database, "SELECT * FROM cases")) == 1


async def test_everything_about_a_schedule_is_in_the_audit_trail(database: Database) -> None:
    schedule = await create_due(database)
    await fire(database)
    await change(database, schedule.id, enabled=False)
    await remove_schedule(database, schedule.id, actor="anna")

    entries = await rows(database, "SELECT actor, action FROM audit_entries ORDER BY id")
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("anna", "schedule_created"),
        ("schedule/s", "case_started"),
        ("schedule/s", "schedule_started"),
        ("ben", "schedule_changed"),
        ("anna", "schedule_deleted"),
    ]


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("cron", "every day", "cron"),
        ("zone", "Europe/Atlantis", "zone"),
        ("process", "absent", "process"),
        ("input", {"rounds": "many"}, "input.rounds"),
        ("input", {"size": 1}, "input.size"),
    ],
)
async def test_a_plan_that_cannot_be_used_names_its_part(
    database: Database, part: str, value: object, field: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await create(database, **{part: value})

    assert refused.value.field == field
    assert await rows(database, "SELECT * FROM schedules") == []


async def test_a_name_is_given_once(database: Database) -> None:
    await create(database, "rent")

    with pytest.raises(Conflict):
        await create(database, "rent")
