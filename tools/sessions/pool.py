"""The ways to tool servers that an event loop holds, one for each server and address."""

import asyncio
from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager
from weakref import WeakKeyDictionary

from tools.approval.offered import Offered
from tools.ports import Call
from tools.registry import ServerEntry
from tools.sessions.lane import Lane, LaneState, Turn

CLOSING_TIME_S = 5


class Pool:
    """The lanes of one event loop."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, Lane] = {}

    def lane(self, entry: ServerEntry) -> Lane:
        """Return the lane to the server as the environment describes it now."""
        key = lane_key(entry)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(entry)
        return lane

    def states(self) -> list[LaneState]:
        return [lane.state for lane in self._lanes.values()]

    async def close(self) -> None:
        """Close all sessions, by force those that do not close in time."""
        owners = set[asyncio.Task[None]]()
        for lane in self._lanes.values():
            lane.close()
            owners |= lane.owners
        self._lanes.clear()
        for force in (False, True):
            left = {owner for owner in owners if not owner.done()}
            if force:
                for owner in left:
                    owner.cancel()
            if left:
                await asyncio.wait(left, timeout=CLOSING_TIME_S)


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


def lane_key(entry: ServerEntry) -> Hashable:
    """Say which calls take each other's places and share a breaker: those to one server at one address.

    The lane holds its entry, so that no other one can come to have the same id.
    """
    return (id(entry), entry.url, *entry.environment.items())


async def open_session(entry: ServerEntry) -> Offered:
    """Open this loop's session with the server if it is not, and return what it offers.

    Raises:
        ToolError: that cannot be.
    """
    return (await _pool().lane(entry).open_session()).offered


def turn(entry: ServerEntry, call: Call) -> AbstractAsyncContextManager[Turn]:
    """Prepare a call to the server over this loop's session with it; see `Lane.turn`."""
    return _pool().lane(entry).turn(call)


def states() -> list[LaneState]:
    """Say how each server that this event loop has called stands."""
    return _pool().states()


def _pool() -> Pool:
    return _pools.setdefault(asyncio.get_running_loop(), Pool())


async def close() -> None:
    """Close every session that this event loop holds."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()
