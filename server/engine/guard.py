"""What the host asks before a tool call of a case leaves: the stop switch, policies, and people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from server.engine.quotas import Quotas
from server.engine.stops import StopSwitch
from server.errors import StartRefused
from server.policies.loading import Policies
from server.storage.audit import append_entry
from server.storage.call_approvals import CallAnswer, list_call_answers
from server.storage.database import Database
from server.storage.runs import Claim
from tools.errors import NotAllowed
from tools.ports import Call, Caller, Verdict


class HostGuard:
    """Decides about the calls of one attempt."""

    def __init__(
        self, database: Database, claim: Claim, policies: Policies, *, quotas: Quotas | None = None
    ) -> None:
        self._database = database
        self._claim = claim
        self._policies = policies
        self._quotas = quotas
        self._stops = StopSwitch(database, claim)
        # The first run of a case resumes no step, so that nothing can have been answered before it.
        self._answered: list[CallAnswer] | None = [] if claim.kind == "start" else None

    async def decide(self, call: Call) -> Verdict:
        """See `tools.ports.Guard`. What is refused is an audit entry, and what a policy wants logged.

        Raises:
            Stopped: a stop forbids the call; the run waits for its release.
        """
        await self._stops.check(call)
        verdict = await self._reviewed(call, await self._by_quota(call, self._by_policy(call)))
        if not verdict.allowed and verdict.pending is None:
            await self._audit(call, verdict, action="call_denied")
        elif verdict.tried or any(owed.kind == "log" for owed in verdict.obligations):
            await self._audit(call, verdict, action="call_permitted")
        return verdict

    def _by_policy(self, call: Call) -> Verdict:
        try:
            return self._policies.current().decide(call)
        except StartRefused as error:
            return Verdict(allowed=False, reason=f"the policies cannot be used: {error.message}")

    async def _by_quota(self, call: Call, verdict: Verdict) -> Verdict:
        """Add what quotas ask; whether enough is left is decided where the intent is committed."""
        if not (self._quotas and verdict.allowed and call.consequential):
            return verdict
        try:
            async with self._database.connection() as connection:
                return await self._quotas.asked(connection, call, verdict)
        except NotAllowed as refusal:
            return replace(verdict, allowed=False, reason=str(refusal))

    async def _reviewed(self, call: Call, verdict: Verdict) -> Verdict:
        """Ask the database what people said of this call; nothing that a state carries counts."""
        roles = [owed.detail for owed in verdict.obligations if owed.kind == "review"]
        answers = await self._answers(fresh=bool(roles and verdict.allowed))
        here = [answer for answer in answers if answer.place == call.place]
        verdict = replace(verdict, answered=len(here))
        return _with_answers(call, verdict, roles=roles, answers=here) if verdict.allowed else verdict

    async def _answers(self, *, fresh: bool) -> Sequence[CallAnswer]:
        if fresh or self._answered is None:
            async with self._database.connection() as connection:
                self._answered = await list_call_answers(connection, self._claim.case_id)
        return self._answered

    async def _audit(
        self, call: Call, verdict: Verdict, *, action: Literal["call_denied", "call_permitted"]
    ) -> None:
        async with self._database.transaction() as connection:
            await append_entry(
                connection,
                call.caller.agent,
                action=action,
                object_=f"tool/{call.server}.{call.tool}",
                case_id=self._claim.case_id,
                person=call.caller.person,
                digest=call.digest,
                reason=verdict.reason,
                policies=list(verdict.policies),
                tried=list(verdict.tried),
            )


def caller_of(claim: Claim) -> Caller:
    """Return for whom the steps of a case call: whoever started it."""
    return Caller(claim.started_by, f"process/{claim.process}", claim.process)


def _with_answers(
    call: Call, verdict: Verdict, *, roles: Sequence[str], answers: Sequence[CallAnswer]
) -> Verdict:
    """Say whether everybody approved exactly this call who must; the last word of a role counts."""
    said = {
        answer.role: answer
        for answer in answers
        if (answer.server, answer.tool, answer.digest) == (call.server, call.tool, call.digest)
    }
    for role in roles:
        answer = said.get(role)
        if answer is None or (answer.own and answer.decision == "approve"):
            return replace(verdict, allowed=False, pending=role)
        if answer.decision == "reject":
            return replace(
                verdict, allowed=False, reason=f"{answer.answered_by} rejected it: {answer.comment}"
            )
    return replace(verdict, approved_by=tuple(said[role].answered_by for role in roles))
