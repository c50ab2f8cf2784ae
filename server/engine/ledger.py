"""The effect ledger of one attempt: intents and receipts under the fence."""

from dataclasses import asdict
from uuid import UUID

from pydantic import JsonValue

from server.engine.duties import Duties
from server.engine.outcomes import write_done
from server.engine.quotas import Quotas
from server.errors import ServerError
from server.failpoints import pass_point
from server.identity.actors import RUNTIME
from server.storage.audit import append_entry
from server.storage.database import Connection, Database
from server.storage.effects import (
    Effect,
    fail_effect,
    find_done,
    find_effect,
    insert_intent,
    repeat_intent,
    replace_intent,
)
from server.storage.runs import Claim, assert_current
from tools.errors import DutiesConflict, EffectConflict, NotAllowed, OutcomeUnknown, QuotaExceeded, ToolError
from tools.ports import Call, Done, Entry, Evidence, Verdict


class PostgresLedger:
    """Commits what is intended before the call, and what came of it after the call.

    Each commit first asks in its own transaction whether this attempt still owns the case.
    """

    def __init__(
        self, database: Database, claim: Claim, *, quotas: Quotas | None = None, duties: Duties | None = None
    ) -> None:
        self._database = database
        self._claim = claim
        self._quotas = quotas
        self._duties = duties

    async def begin(self, call: Call, verdict: Verdict) -> Entry:
        """See `tools.ports.Ledger`.

        Raises:
            NotAllowed: a quota cannot count the call, or its duty has no object.
            QuotaExceeded: a quota has too little left for it.
            DutiesConflict: a person would have a part in two duties that exclude each other.
        """
        if call.key is None:
            raise ServerError(f"{call.server}.{call.tool} reached the ledger without a key")
        pass_point("effect_before_intent")
        try:
            async with self._database.transaction() as connection:
                await assert_current(connection, self._claim)
                entry = await self._intend(connection, call, key=call.key, verdict=verdict)
        except (DutiesConflict, NotAllowed, QuotaExceeded) as refusal:
            await self._audit_refusal(call, refusal, key=call.key)
            raise
        pass_point("effect_after_intent")
        return entry

    async def repeat(self, key: str) -> None:
        """See `tools.ports.Ledger`."""
        async with self._database.transaction() as connection:
            await assert_current(connection, self._claim)
            await repeat_intent(connection, key)
            await self._audit(connection, "effect_repeated", key=key)
        pass_point("effect_after_repeat")

    async def finish(self, key: str, receipt: dict[str, JsonValue], *, by: Evidence = "answer") -> None:
        """See `tools.ports.Ledger`.

        Raises:
            OutcomeUnknown: a look-up found what another effect of the case did.
        """
        pass_point("effect_answered")
        async with self._database.transaction() as connection:
            await assert_current(connection, self._claim)
            if by == "lookup":
                await self._assert_own(connection, key, receipt=receipt)
            await write_done(connection, key, receipt=receipt, by=by)
            await self._audit(connection, "effect_done", key=key, receipt=receipt, by=by)
        pass_point("effect_recorded")

    async def recall(self, server: str, tool: str, *, receipt: dict[str, JsonValue]) -> Done | None:
        """See `tools.ports.Ledger`."""
        async with self._database.transaction() as connection:
            known = await find_done(
                connection, self._claim.case_id, server=server, tool=tool, receipt=receipt
            )
        return Done(known.key, known.arguments) if known else None

    async def fail(self, key: str, error: ToolError) -> None:
        """See `tools.ports.Ledger`."""
        detail: dict[str, JsonValue] = {"code": error.code, "message": str(error)}
        async with self._database.transaction() as connection:
            await assert_current(connection, self._claim)
            await fail_effect(connection, key, error=detail)
            await self._audit(connection, "effect_failed", key=key, error=detail)

    async def _intend(self, connection: Connection, call: Call, *, key: str, verdict: Verdict) -> Entry:
        known = await find_effect(connection, key)
        if known is not None:
            return await self._again(connection, call, verdict, known=known)
        await insert_intent(
            connection,
            key,
            case_id=self._claim.case_id,
            step=call.step or "",
            server=call.server,
            tool=call.tool,
            contract=call.contract,
            arguments=call.arguments,
            digest=call.digest,
            verdict=asdict(verdict),
            sources=call.sources,
            undoes=call.undoes,
        )
        await self._audit(
            connection,
            "effect_intended",
            key=key,
            tool=f"{call.server}.{call.tool}",
            policies=list(verdict.policies),
            approved_by=list(verdict.approved_by),
        )
        return await self._take(connection, call, verdict, key=key)

    async def _again(self, connection: Connection, call: Call, verdict: Verdict, *, known: Effect) -> Entry:
        """Say what is known of an effect.

        One that certainly did not happen may come with other arguments: an operator may have corrected them.
        """
        if known.status == "failed":
            await replace_intent(
                connection,
                known.key,
                arguments=call.arguments,
                digest=call.digest,
                verdict=asdict(verdict),
                sources=call.sources,
            )
            await self._audit(connection, "effect_repeated", key=known.key)
            return await self._take(connection, call, verdict, key=known.key)
        if known.digest != call.digest:
            raise EffectConflict(f"effect {known.key} was intended with other arguments")
        if known.status == "done":
            return Entry("done", receipt=known.receipt)
        return Entry("unfinished", tried_at=known.tried_at, age_s=known.age_s)

    async def _take(self, connection: Connection, call: Call, verdict: Verdict, *, key: str) -> Entry:
        """Take up the duties of a new effect, and what it needs of its quotas."""
        if self._duties:
            case_id = self._claim.case_id
            await self._duties.take_up(connection, call, verdict, key=key, case_id=case_id)
        if self._quotas:
            await self._quotas.reserve(connection, call, verdict, key=key)
        return Entry("new")

    async def _audit_refusal(self, call: Call, refusal: ToolError, *, key: str) -> None:
        detail: dict[str, JsonValue] = {"code": refusal.code, "message": str(refusal)}
        async with self._database.transaction() as connection:
            await assert_current(connection, self._claim)
            await self._audit(
                connection, "effect_refused", key=key, tool=f"{call.server}.{call.tool}", error=detail
            )

    async def _assert_own(self, connection: Connection, key: str, *, receipt: dict[str, JsonValue]) -> None:
        effect = await find_effect(connection, key)
        if effect is None:
            raise ServerError(f"effect {key} was looked up and never intended")
        other = await find_done(
            connection, self._claim.case_id, server=effect.server, tool=effect.tool, receipt=receipt
        )
        if other is not None:
            raise OutcomeUnknown(
                f"{effect.server}.{effect.tool}: the look-up for {key} finds what {other.key} did",
                repeatable=False,
            )

    async def _audit(self, connection: Connection, action: str, *, key: str, **detail: JsonValue) -> None:
        case_id: UUID = self._claim.case_id
        await append_entry(
            connection, RUNTIME, action=action, object_=f"effect/{key}", case_id=case_id, **detail
        )
