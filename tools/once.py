"""Making an effect happen once, also where nobody wrote down what came of an earlier try.

A keyed call is simply made again: its tool knows the key. A searchable one is looked up: found once, it
happened; not found when the system has had its time, and not found again after the same time, it did not,
and is made again. A blind one goes to a person, and so does what a look-up finds more than once.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from tools.errors import (
    BadAnswer,
    BadOffer,
    ConnectionLost,
    DeadlineExceeded,
    NotSent,
    OutcomeUnknown,
    ToolNotApproved,
    ToolRefused,
    UnknownTool,
)
from tools.permission import masked, permit_again
from tools.ports import Call, Entry, Verdict, current_ledger
from tools.registry import ServerEntry
from tools.sessions import pool
from tools.sessions.lane import Turn

# A process that was frozen after the ledger's word must not send on the strength of it when it wakes: by
# then another one may have looked the effect up. The look-up waits as much longer.
SEND_WITHIN_S = 2.0
SHOWN_CHARACTERS = 500

Read = Callable[[str, dict[str, JsonValue]], Awaitable[dict[str, JsonValue]]]


class Once:
    """One permitted effect under its key; `read` calls a reading tool of the same server."""

    def __init__(self, entry: ServerEntry, call: Call, *, verdict: Verdict, key: str, read: Read) -> None:
        self._entry = entry
        self._tool = entry.tool(call.tool)
        self._call = call
        self._verdict = verdict
        self._key = key
        self._read = read
        self._keyed = call.contract == "keyed"
        lookup = self._tool.lookup
        # Asked for before anything is sent: a call that cannot be looked up afterwards must not leave.
        self._question = lookup.question(call.arguments) if lookup else {}

    async def happen(self) -> dict[str, JsonValue]:
        """Return the receipt: from the ledger, from a look-up, or from the call."""
        ledger = current_ledger()
        # The way is made ready before the ledger is asked, whose word grows old.
        async with pool.turn(self._entry, self._call) as turn:
            if turn.waited:
                self._verdict = await permit_again(self._call)  # somebody may have forbidden it meanwhile
            permitted_at = time.monotonic()
            known = await ledger.begin(self._call, self._verdict)
            if known.receipt is not None:
                return known.receipt
            if known.state == "new":
                return await self._send(turn, send_by=permitted_at + SEND_WITHIN_S, certain=True)
        # Look-ups need places too, so that of this effect is not kept meanwhile.
        if (receipt := await self._look_back(known)) is not None:
            return receipt
        async with pool.turn(self._entry, self._call) as turn:
            # Looking back takes time, in which somebody may have forbidden the call.
            await permit_again(self._call)
            permitted_at = time.monotonic()
            await ledger.repeat(self._key)
            # A keyed try says nothing of the one before it, which was not looked up.
            return await self._send(turn, send_by=permitted_at + SEND_WITHIN_S, certain=not self._keyed)

    async def _send(self, turn: Turn, *, send_by: float, certain: bool) -> dict[str, JsonValue]:
        """Call the tool; `certain` says that when this try did nothing, nothing happened at all."""
        ledger = current_ledger()
        try:
            receipt = await turn.send(key_as_argument=self._keyed, send_by=None if self._keyed else send_by)
        except (NotSent, BadOffer, ToolNotApproved, UnknownTool) as error:
            if certain:
                await ledger.fail(self._key, error)
            raise
        except ToolRefused as refusal:
            return await self._after_refusal(refusal, certain=certain)
        except (DeadlineExceeded, ConnectionLost) as error:
            raise self._unknown(str(error)) from error
        except BadAnswer as error:
            if self._keyed:
                raise
            raise self._unknown(str(error)) from error
        receipt = masked(receipt, self._verdict)
        await ledger.finish(self._key, receipt)
        return receipt

    async def _after_refusal(self, refusal: ToolRefused, *, certain: bool) -> dict[str, JsonValue]:
        """Believe a refusal, or look whether the effect happened all the same: MCP's error has no "when"."""
        if not (self._keyed or refusal.unread or self._tool.refusals_are_final):
            answered = Entry("unfinished", age_s=SEND_WITHIN_S)
            if (receipt := await self._look_back(answered, reason=str(refusal))) is not None:
                return receipt
        if certain:
            await current_ledger().fail(self._key, refusal)
        raise refusal

    async def _look_back(self, known: Entry, *, reason: str = "") -> dict[str, JsonValue] | None:
        """Return the receipt of an earlier try, or None if calling is safe.

        Raises:
            OutcomeUnknown: only a person can tell.
        """
        if self._keyed:
            return None
        if self._tool.lookup is None:
            since = f"{known.tried_at:it was sent about %F %T %Z}" if known.tried_at else "it was sent"
            raise self._unknown(reason or f"{since}, and no outcome was written down")
        settle_s = self._tool.lookup.settle_s
        left_s = settle_s + SEND_WITHIN_S - known.age_s
        # What is found is found at any time; only its absence needs the system's time, twice.
        for wait_s in (0.0, left_s, settle_s) if left_s > 0 else (0.0, settle_s):
            await asyncio.sleep(wait_s)
            if (receipt := await self._look_up()) is not None:
                return receipt
        return None

    async def _look_up(self) -> dict[str, JsonValue] | None:
        lookup = self._tool.lookup
        if lookup is None:
            raise AssertionError("only a searchable tool is looked up")
        found = lookup.receipts(await self._read(lookup.tool, self._question))
        if len(found) > 1:
            reason = f"{lookup.tool} finds it {len(found)} times"
            raise OutcomeUnknown(f"{self._described()}: {reason}", repeatable=False)
        if not found:
            return None
        receipt = masked(found[0], self._verdict)
        await current_ledger().finish(self._key, receipt, by="lookup")
        return receipt

    def _unknown(self, reason: str) -> OutcomeUnknown:
        searched = self._keyed or self._tool.lookup is not None
        advice = "" if searched else f"; look there whether it happened, and settle effect {self._key}"
        return OutcomeUnknown(f"{self._described()} may have happened: {reason}{advice}", repeatable=searched)

    def _described(self) -> str:
        arguments = json.dumps(self._call.arguments, ensure_ascii=False)[:SHOWN_CHARACTERS]
        return f"{self._call.server}.{self._call.tool} {arguments}"
