"""The sessions with tool servers that an event loop holds open, one for each server and actor."""

import asyncio
from collections.abc import Hashable
from weakref import WeakKeyDictionary

from pydantic import JsonValue

from tools.errors import NotSent
from tools.offered import Offered
from tools.registry import ServerEntry
from tools.session import Session
from tools.tokens import actor_of, tokens_of

CLOSING_TIME_S = 5


class Pool:
    """The sessions of one event loop, and the tasks that still hold one."""

    def __init__(self) -> None:
        self._sessions: dict[Hashable, Session] = {}
        self._owners: set[asyncio.Task[None]] = set()

    def session(self, entry: ServerEntry) -> Session:
        """Return a usable session with the server as the environment describes it now, perhaps a new one.

        It is one of the actor that the present call is made as: what a session says of us cannot be changed
        from call to call.

        Raises:
            PersonMissing: the server is called for persons, and none stands behind the call.
        """
        actor = actor_of(entry)
        started = (*entry.argv, *sorted(entry.environment.items()))
        address = (entry.name, entry.url, *started, entry.identity.stamp, actor)
        session = self._sessions.get(address)
        if session is None or not session.usable:
            session = self._sessions[address] = Session(entry, tokens_of(entry, actor))
            self._owners.add(session.owner)
            session.owner.add_done_callback(self._owners.discard)
        return session

    async def close(self) -> None:
        """Close all sessions, by force those that do not close in time."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        for force in (False, True):
            owners = set(self._owners)
            if force:
                for owner in owners:
                    owner.cancel()
            if owners:
                await asyncio.wait(owners, timeout=CLOSING_TIME_S)


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


async def open_session(entry: ServerEntry) -> Offered:
    """Open this loop's session with the server if it is not; returns and raises what `Session.open` does."""
    return await _pool().session(entry).open()


async def send(
    entry: ServerEntry,
    tool: str,
    arguments: dict[str, JsonValue],
    *,
    key: str | None = None,
    key_as_argument: bool = False,
    send_by: float | None = None,
) -> dict[str, JsonValue]:
    """Call a tool over this loop's session with the server; takes and raises what `Session.call` does."""
    pool = _pool()
    session = pool.session(entry)
    held = session.opened
    try:
        return await session.call(tool, arguments, key=key, key_as_argument=key_as_argument, send_by=send_by)
    except NotSent:
        # A session that ended while nobody called shows it only now; a new one deserves one try.
        if not (held and session.broken):
            raise
    session = pool.session(entry)
    return await session.call(tool, arguments, key=key, key_as_argument=key_as_argument, send_by=send_by)


def _pool() -> Pool:
    return _pools.setdefault(asyncio.get_running_loop(), Pool())


async def close() -> None:
    """Close every session that this event loop holds."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()
