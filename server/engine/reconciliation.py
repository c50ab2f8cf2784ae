"""Comparing the ledger with the systems that it tells of, both ways."""

from collections import Counter
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, JsonValue

from server.storage.database import Database
from server.storage.reconciliation import Sent, find_statuses, list_sent
from tools import Server
from tools.contracts import Lookup, Record
from tools.errors import ToolError
from tools.registry import ServerEntry

Kind = Literal["missing", "unknown", "denied", "repeated", "unsettled"]


class Difference(BaseModel):
    """Something that one side does not know; without `tool` and `case_id` where the ledger does not tell."""

    kind: Kind
    server: str
    key: str
    tool: str | None
    case_id: UUID | None
    message: str


class Compared(BaseModel):
    """How many effects of a server were compared, how many could not be, and why it did not answer."""

    server: str
    compared: int = 0
    not_comparable: int = 0
    error: str | None = None


class Reconciliation(BaseModel):
    """What a comparison found."""

    servers: list[Compared] = []
    differences: list[Difference] = []

    @property
    def is_clean(self) -> bool:
        return not self.differences and all(one.error is None for one in self.servers)


async def reconcile(
    database: Database, entries: list[ServerEntry], *, since: datetime | None
) -> Reconciliation:
    """Compare every effect since then, by the day of its intent, with what its server says.

    A server with a record is asked for all keys at once, a searchable tool for one effect after the other.
    """
    report = Reconciliation()
    for entry in entries:
        comparison = _Comparison(database, entry)
        try:
            await comparison.run(since)
        except ToolError as error:
            comparison.summary.error = str(error)
        report.servers.append(comparison.summary)
        report.differences += comparison.differences
    return report


class _Comparison:
    """The comparison of one server."""

    def __init__(self, database: Database, entry: ServerEntry) -> None:
        self._database = database
        self._entry = entry
        self._server = Server(entry)
        self.summary = Compared(server=entry.name)
        self.differences: list[Difference] = []

    async def run(self, since: datetime | None) -> None:
        # The ledger first: what is done in it now must be there afterwards.
        async with self._database.connection() as connection:
            sent = await list_sent(connection, self._entry.name, since=since)
        if self._entry.record is not None:
            await self._by_record(sent, self._entry.record)
            return
        for effect in sent:
            await self._by_itself(effect)

    async def _by_record(self, sent: list[Sent], record: Record) -> None:
        outside = await self._keys(record)
        # Again the ledger, which has every intent before the server has the effect.
        async with self._database.connection() as connection:
            statuses = await find_statuses(connection, list(outside))
        self.summary.compared = len(sent)
        for effect in sent:
            if outside[effect.key] or effect.status == "intended" or record.lists(effect.receipt or {}):
                self._judge(effect, times=outside.pop(effect.key, 0))
        for key, times in outside.items():
            if key not in statuses:
                self._add("unknown", key, "is there, and the ledger has no such key")
            elif statuses[key] == "failed":
                self._add("denied", key, "is there, and the ledger says that it did not happen")
            if times > 1:
                self._add("repeated", key, f"is there {times} times")

    async def _keys(self, record: Record) -> Counter[str]:
        found: Counter[str] = Counter()
        page: dict[str, JsonValue] | None = {}
        while page is not None:
            answer = await self._server.read(record.tool, page)
            found.update(record.keys(answer))
            page = record.next_page(answer)
        return found

    async def _by_itself(self, effect: Sent) -> None:
        tool = self._entry.tools.get(effect.tool)
        lookup = tool.lookup if tool else None
        if lookup is not None:
            self.summary.compared += 1
            self._judge(effect, times=await self._times(lookup, effect))
        elif effect.status == "intended":
            self._add("unsettled", effect.key, "has no outcome, and cannot be asked for", effect=effect)
        else:
            self.summary.not_comparable += 1

    async def _times(self, lookup: Lookup, effect: Sent) -> int:
        answer = await self._server.read(lookup.tool, lookup.question(effect.arguments))
        return len(lookup.receipts(answer))

    def _judge(self, effect: Sent, *, times: int) -> None:
        if effect.status == "intended":
            there = "is there" if times else "is not there"
            self._add("unsettled", effect.key, f"has no outcome in the ledger, and {there}", effect=effect)
        elif times == 0:
            self._add("missing", effect.key, "is done in the ledger, and is not there", effect=effect)
        if times > 1:
            self._add("repeated", effect.key, f"is there {times} times", effect=effect)

    def _add(self, kind: Kind, key: str, message: str, *, effect: Sent | None = None) -> None:
        tool, case_id = (effect.tool, effect.case_id) if effect else (None, None)
        self.differences.append(
            Difference(
                kind=kind, server=self._entry.name, key=key, tool=tool, case_id=case_id, message=message
            )
        )
