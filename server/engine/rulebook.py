"""The tables that cases decide by, and the record of what they decided."""

import json
from collections.abc import Mapping
from typing import Any

from rules import Decision, Escalation, LayeredTable, restore_layers
from rules.values import shown
from server.engine.plain_json import check_plain
from server.failpoints import pass_point
from server.storage.database import Database
from server.storage.decisions import get_table, insert_decision, pin_table, save_tables
from server.storage.runs import Claim
from tools.effects import find_execution

MAX_DEPTH = 16


class TableTexts:
    """The tables that this process has met, read from their stored text once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables: dict[str, LayeredTable] = {}
        self._stored: set[str] = set()

    async def get(self, digest: str) -> LayeredTable:
        """Return the table of a digest.

        Raises:
            NotFound: its text is not stored.
            TableError: this engine no longer reads it.
        """
        if digest not in self._tables:
            async with self._database.connection() as connection:
                stored = await get_table(connection, digest)
            self._tables[digest] = restore_layers(stored.sources)
            self._stored.add(digest)
        return self._tables[digest]

    async def store(self, table: LayeredTable) -> None:
        """Keep the text of a table that a case decides by.

        Raises:
            TableChanged: a version in it has had other content.
        """
        if table.digest not in self._stored:
            async with self._database.transaction() as connection:
                await save_tables(connection, [table])
            self._stored.add(table.digest)


class CaseRulebook:
    """The rulebook of one attempt: what its case decides by, and a row for each decision, under the fence."""

    def __init__(self, database: Database, claim: Claim, texts: TableTexts) -> None:
        self._database = database
        self._claim = claim
        self._texts = texts
        self._pins = dict(claim.tables)

    async def pinned(self, table: LayeredTable) -> LayeredTable:
        """See `nodes.ports.Rulebook`; a table that the case meets first it keeps from then on."""
        digest = self._pins.get(table.base.id, table.digest)
        return table if digest == table.digest else await self._texts.get(digest)

    async def record(
        self, said: Decision | Escalation, *, by: LayeredTable, facts: Mapping[str, object]
    ) -> None:
        """See `nodes.ports.Rulebook`."""
        execution = find_execution()
        if execution is None:
            return
        await self._texts.store(by)
        async with self._database.pipeline() as connection:
            await insert_decision(
                connection,
                self._claim,
                step=execution.step,
                text=by.digest,
                said=said.as_json(),
                facts=_kept(facts),
            )
            if by.base.id not in self._pins:
                await pin_table(connection, self._claim.case_id, table_id=by.base.id, digest=by.digest)
            pass_point("decision_before_commit")
        self._pins.setdefault(by.base.id, by.digest)
        pass_point("decision_after_commit")


def _kept(facts: Mapping[str, object]) -> dict[str, Any]:
    """Write the facts as they were given; what no table could read, and no database keep, as what it was."""
    return {
        name if _is_plain(name) else shown(name): fact if _is_plain(fact) else shown(fact)
        for name, fact in facts.items()
    }


def _is_plain(fact: object) -> bool:
    try:
        json.dumps(fact, allow_nan=False)
        check_plain(fact, max_depth=MAX_DEPTH)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
