"""When a schedule is due: a cron line, read by the clock on the wall of a time zone.

What a change of the clocks does to a line is decided here:

- A line that names its hours keeps to the wall. A time that the clocks skip comes at the moment they skip it,
  once; one that they show twice comes the first time.
- A line with `*` for the hour means every hour that passes, also the one that the clocks show again.
"""

import re
from collections.abc import Iterator, Set
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]  # it ships no types

from server.errors import BadRequest

_FIELDS = re.compile(r"(?:[\w*,/#-]+ ){4}[\w*,/#-]+", re.ASCII)
_CHOSEN = re.compile(r"(?:^|[ ,])[hr]", re.IGNORECASE)  # H and R let croniter choose
_SECOND = timedelta(seconds=1)


class Cron:
    """The moments, aware and in UTC, at which a line of five fields is due in an IANA time zone.

    Raises:
        BadRequest: naming `cron`, which is no such line or is never due, or `zone`, which is none.
    """

    def __init__(self, line: str, zone: str) -> None:
        if zone not in _zones():
            raise BadRequest("not a time zone of the IANA database, as Europe/Zurich is", field="zone")
        _check_line(line)
        self._line = line
        self._zone = ZoneInfo(zone)
        self._every_hour = line.split(" ")[1] == "*"

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield every moment after this one, in order."""
        return self._by_elapsed_time(moment) if self._every_hour else self._by_the_wall(moment)

    def newest(self, first: datetime, last: datetime, *, limit: int) -> list[datetime]:
        """Return the moment `first` and those after it up to `last`; if they are more, the newest `limit`.

        It looks back from `last`, so that a minute's line costs the same after an hour and after a year.
        """
        span = timedelta(minutes=limit)
        while last - first > span:
            found = list(takewhile(lambda moment: moment <= last, self.after(last - span)))
            if len(found) >= limit:
                return found[-limit:]
            span *= 2
        return [first, *takewhile(lambda moment: moment <= last, self.after(first))][-limit:]

    def _by_the_wall(self, moment: datetime) -> Iterator[datetime]:
        for wall in self._walls(moment.astimezone(self._zone).replace(tzinfo=None)):
            at = self._moment_of(wall)
            if at > moment:
                moment = at  # all the times that the clocks skip come at one moment
                yield at

    def _by_elapsed_time(self, moment: datetime) -> Iterator[datetime]:
        """Count on as if the clocks never changed, and begin anew where they do."""
        offset = self._offset(moment)
        while True:
            for wall in self._walls(moment.replace(tzinfo=None) + offset):
                at = (wall - offset).replace(tzinfo=UTC)
                if self._offset(at) != offset:
                    break
                moment = at
                yield at
            change = self._change(moment, at)
            moment, offset = change - _SECOND, self._offset(change)

    def _walls(self, start: datetime) -> Iterator[datetime]:
        walls: Iterator[datetime] = croniter(self._line, start, ret_type=datetime)
        return walls

    def _moment_of(self, wall: datetime) -> datetime:
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return first if first <= second else self._change(second, first)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self._zone).utcoffset() or timedelta()

    def _change(self, before: datetime, after: datetime) -> datetime:
        """Return the moment between the two at which the offset changes; it does so at a full second."""
        offset = self._offset(before)
        while after - before > _SECOND:
            middle = before + (after - before) / 2
            before, after = (middle, after) if self._offset(middle) == offset else (before, middle)
        return after.replace(microsecond=0)


@cache
def _zones() -> Set[str]:
    return available_timezones()


def _check_line(line: str) -> None:
    if not _FIELDS.fullmatch(line) or _CHOSEN.search(line):
        raise BadRequest("a cron line has five fields: minute hour day month weekday", field="cron")
    try:
        next(croniter(line, datetime(2000, 1, 1), ret_type=datetime))  # noqa: DTZ001  the wall has no zone
    except CroniterBadDateError as error:
        raise BadRequest("there is no such day", field="cron") from error
    except ValueError as error:
        raise BadRequest(str(error), field="cron") from error
