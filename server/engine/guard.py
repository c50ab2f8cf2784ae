"""What the host asks before a tool call of a case leaves, in this order: the stop switch, then the guard."""

from server.engine.stops import StopSwitch
from server.storage.database import Database
from server.storage.runs import Claim
from tools.ports import Call, Caller, Guard, SandboxGuard, Verdict


class HostGuard:
    """Decides about the calls of one attempt."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self._stops = StopSwitch(database, claim)
        self._guard: Guard = SandboxGuard()

    async def decide(self, call: Call) -> Verdict:
        """See `tools.ports.Guard`.

        Raises:
            Stopped: a stop forbids the call; the run waits for its release.
        """
        await self._stops.check(call)
        return await self._guard.decide(call)


def caller_of(claim: Claim) -> Caller:
    """Return for whom the steps of a case call: whoever started it."""
    return Caller(claim.started_by, f"process/{claim.process}", claim.process)
