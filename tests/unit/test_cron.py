"""When a cron line is due, held against a clock that is read minute by minute."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.engine.cron import Cron
from server.errors import BadRequest

MINUTE = timedelta(minutes=1)
LINES: dict[str, Callable[[datetime], bool]] = {
    "30 2 * * *": lambda wall: (wall.hour, wall.minute) == (2, 30),
    "*/15 2 * * *": lambda wall: wall.hour == 2 and wall.minute % 15 == 0,
    "0 * * * *": lambda wall: wall.minute == 0,
    "*/20 * * * *": lambda wall: wall.minute % 20 == 0,
    "30 * * * *": lambda wall: wall.minute == 30,
    "0 0 * * *": lambda wall: (wall.hour, wall.minute) == (0, 0),
    "30 0 * * *": lambda wall: (wall.hour, wall.minute) == (0, 30),
    "15 1,2,3 * * *": lambda wall: wall.hour in {1, 2, 3} and wall.minute == 15,
    "*/7 1-3 * * *": lambda wall: wall.hour in {1, 2, 3} and wall.minute % 7 == 0,
    "0 */2 * * *": lambda wall: wall.hour % 2 == 0 and wall.minute == 0,
    "45 23 * * sun": lambda wall: (wall.hour, wall.minute, wall.weekday()) == (23, 45, 6),
    "0 2 25 10 *": lambda wall: (wall.month, wall.day, wall.hour, wall.minute) == (10, 25, 2, 0),
    "59 * 29 3 *": lambda wall: (wall.month, wall.day, wall.minute) == (3, 29, 59),
}
CHANGES = [
    ("Europe/Zurich", date(2026, 3, 29)),
    ("Europe/Zurich", date(2026, 10, 25)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("UTC", date(2026, 2, 28)),
]


def due(line: str, zone: str, *, day: date) -> list[str]:
    """The wall-clock times, with their offset, at which the line is due on this day."""
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    moments = takewhile(lambda at: at < end, Cron(line, zone).after(start - MINUTE))
    return [f"{at.astimezone(ZoneInfo(zone)):%H:%M%z}" for at in moments]


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def minutes(zone: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, list[datetime]]]:
    """Each minute with what the clock on the wall shows in it: skipped times too, repeated ones never."""
    shown = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    while start < end:
        start += MINUTE
        now = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        yield start, [shown + MINUTE * number for number in range(1, 1 + (now - shown) // MINUTE)]
        shown = max(shown, now)


def read_off(line: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    if line.split()[1] == "*":
        moments = (start + MINUTE * number for number in range(1, 1 + (end - start) // MINUTE))
        return [at for at in moments if LINES[line](at.astimezone(ZoneInfo(zone)))]
    shown = minutes(zone, start, end)
    return [at for at, walls in shown if any(map(LINES[line], walls))]


@pytest.mark.parametrize(
    ("zone", "day"), CHANGES, ids=lambda part: f"{part:%F}" if isinstance(part, date) else part
)
def test_every_line_is_due_as_read_off_the_wall(zone: str, day: date) -> None:
    start = midnight(day, "UTC") - timedelta(hours=30)
    end = start + timedelta(hours=72)

    for line in LINES:
        found = list(takewhile(lambda at: at <= end, Cron(line, zone).after(start)))

        assert found == read_off(line, zone, start, end), line


@pytest.mark.parametrize(
    ("line", "day", "times"),
    [
        ("30 2 * * *", date(2026, 3, 28), ["02:30+0100"]),
        ("30 2 * * *", date(2026, 3, 29), ["03:00+0200"]),
        ("*/15 2 * * *", date(2026, 3, 29), ["03:00+0200"]),
        ("30 2 * * *", date(2026, 10, 25), ["02:30+0200"]),
        ("30 1-3 * * *", date(2026, 10, 25), ["01:30+0200", "02:30+0200", "03:30+0100"]),
    ],
)
def test_a_time_that_is_skipped_or_shown_twice_comes_once(line: str, day: date, times: list[str]) -> None:
    assert due(line, "Europe/Zurich", day=day) == times


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_every_hour_means_every_hour_that_passes(day: date, hours: int) -> None:
    start = midnight(day, "Europe/Zurich")

    found = list(islice(Cron("0 * * * *", "Europe/Zurich").after(start - MINUTE), hours + 1))

    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}
    assert found[-1].astimezone(ZoneInfo("Europe/Zurich")).hour == 0


@given(st.sampled_from(sorted(LINES)), st.sampled_from(CHANGES), st.integers(0, 72 * 3600))
@settings(max_examples=60, deadline=None)
def test_the_next_moment_is_the_same_from_wherever_one_looks(
    line: str, change: tuple[str, date], offset_s: int
) -> None:
    cron = Cron(line, change[0])
    start = midnight(change[1], "UTC") - timedelta(hours=30)
    moment = start + timedelta(seconds=offset_s)

    assert next(cron.after(moment)) == next(at for at in cron.after(start) if at > moment)


def test_the_newest_moments_of_a_long_time_are_found() -> None:
    first, last = datetime(2025, 11, 25, 4, tzinfo=UTC), datetime(2026, 11, 25, 3, 59, 30, tzinfo=UTC)

    minutely = Cron("* * * * *", "UTC").newest(first, last, limit=3)
    yearly = Cron("0 4 25 11 *", "UTC").newest(first, last, limit=3)

    assert minutely == [datetime(2026, 11, 25, 3, minute, tzinfo=UTC) for minute in (57, 58, 59)]
    assert yearly == [first]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "* * * *",
        "* * * * * *",
        "@hourly",
        "60 * * * *",
        "*/0 * * * *",
        "R * * * *",
        "0 H * * *",
        "0 1,r * * *",
        "0 0 30 2 *",
        "0  0 * * *",
        " 0 0 * * *",
        "٣ * * * *",
        "0 0 * * noday",
    ],
)
def test_what_is_no_line_is_refused(line: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Cron(line, "UTC")

    assert refused.value.field == "cron"


@given(st.text("0123456789*,/#-lLwWrh ?", max_size=20) | st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_is_a_line_or_refused(line: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    with suppress(BadRequest):
        assert next(Cron(line, "Europe/Zurich").after(start)) > start


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../etc/passwd", "CEST", "/etc/localtime", "Europe/Zurich\0"]
)
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Cron("0 0 * * *", zone)

    assert refused.value.field == "zone"
