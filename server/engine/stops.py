"""The stop switch: what it stops at once, and what it lets come to the next step boundary."""

from dataclasses import dataclass
from uuid import UUID

from server.engine.actions import Scope
from server.engine.registry import Registry
from server.errors import BadRequest, NotPermitted, Stopped
from server.identity.permissions import may
from server.storage.audit import append_entry
from server.storage.database import Database
from server.storage.runs import Claim
from server.storage.stops import Stop, find_stop_of_call, insert_stop, release_stop
from tools.ports import Call
from tools.registry import our_servers


@dataclass(frozen=True)
class Target:
    """What to stop. `value` is empty for `all`, and `server.tool` for a tool."""

    scope: Scope
    value: str


async def stop(database: Database, registry: Registry, target: Target, *, reason: str, actor: str) -> Stop:
    """Put a stop in force: no run of it is begun, those under way end after their step, and no effect leaves.

    Raises:
        NotPermitted: the actor may not.
        BadRequest: there is nothing of this name; a slip would stop nothing.
        StopInForce: the same is stopped already.
    """
    _check(actor, "stop", f"{target.scope}/{target.value}")
    if not _exists(target, registry):
        raise BadRequest(f"there is no {target.scope} {target.value!r}", field="value")
    async with database.transaction() as connection:
        made = await insert_stop(
            connection, scope=target.scope, value=target.value, reason=reason, actor=actor
        )
        await append_entry(
            connection,
            actor,
            action="stopped",
            object_=f"stop/{made.id}",
            scope=made.scope,
            value=made.value,
            reason=reason,
        )
    return made


async def release(database: Database, stop_id: UUID, *, reason: str, actor: str) -> Stop:
    """Release a stop: what it held goes on by itself.

    Raises:
        NotPermitted: the actor may not.
        NotFound: there is no such stop.
    """
    _check(actor, "release", f"stop/{stop_id}")
    async with database.transaction() as connection:
        released = await release_stop(connection, stop_id, actor=actor)
        await append_entry(
            connection, actor, action="stop_released", object_=f"stop/{stop_id}", reason=reason
        )
    return released


def _exists(target: Target, registry: Registry) -> bool:
    server, _, tool = target.value.partition(".")
    match target.scope:
        case "all":
            return target.value == ""
        case "tenant":
            return target.value != ""
        case "process":
            return target.value in {process.name for process in registry}
        case "server":
            return target.value in our_servers()
        case "tool":
            return server in our_servers() and tool in our_servers()[server].tools


def _check(actor: str, action: str, object_: str) -> None:
    if not may(actor, action, object_):
        raise NotPermitted(f"{actor} may not {action} {object_}")


class StopSwitch:
    """Lets no consequential call of a case leave that a stop forbids."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._database = database
        self._claim = claim

    async def check(self, call: Call) -> None:
        """Ask at the act, so that nothing slips through.

        Raises:
            Stopped: a stop forbids the call; the run waits for its release.
        """
        if not call.consequential:
            return
        async with self._database.connection() as connection:
            found = await find_stop_of_call(
                connection, self._claim.case_id, server=call.server, tool=call.tool
            )
        if found:
            raise Stopped(f"{call.server}.{call.tool} is stopped: {found[1]}", stop=found[0])
