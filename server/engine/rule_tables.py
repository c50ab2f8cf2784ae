"""The tables of this host: looked up, asked, and put to the decisions that were made by them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from rules import Decision, Escalation, LayeredTable, decide, list_tables, load_layers, restore_layers
from rules.change import Backtest, Past, Said, backtest, said_of
from rules.errors import RuleError, TableError, UnknownContext
from rules.verify import check_layers
from server.engine.registry import Registry
from server.engine.rulebook import TableTexts
from server.errors import BadRequest, NotFound, ServerError, TableMalformed
from server.storage.database import Database
from server.storage.decisions import RecordedDecision, list_decisions, list_last_decisions

ENDED = frozenset({"succeeded", "failed", "cancelled"})


def known_tables(registry: Registry) -> dict[str, LayeredTable]:
    """The tables in `rules/` and those that processes hold, by their id."""
    shipped = {name: load_layers(name) for name in list_tables()}
    return dict(sorted((shipped | {table.base.id: table for table in registry.tables}).items()))


async def find_text(registry: Registry, texts: TableTexts, table: str) -> LayeredTable:
    """Return the present table of an id, or the stored one of a digest.

    Raises:
        NotFound: there is neither.
    """
    if table.startswith("sha256:"):
        return await texts.get(table)
    try:
        return known_tables(registry)[table]
    except KeyError:
        raise NotFound(f"there is no table {table!r}") from None


def ask(
    table: LayeredTable, facts: Mapping[str, Any], *, as_of: date, context: Mapping[str, str]
) -> Decision | Escalation:
    """Ask a table about facts in a context.

    Raises:
        BadRequest: the table knows no such kind of context.
    """
    try:
        return decide(table.table(context, as_of), facts, as_of=as_of)
    except UnknownContext as refusal:
        raise BadRequest(str(refusal), field="context") from refusal


@cache
def flaws_of(table: LayeredTable) -> list[dict[str, Any]]:
    """What verification finds in a table and its overlays, as JSON, the worst first; worked out once."""
    return [flaw.as_json() for flaw in check_layers(table)]


def changed_table(table: LayeredTable, text: str, *, field: str = "text") -> LayeredTable:
    """The table with another text of its own, under the overlays that it has; `field` is what brought it.

    Raises:
        TableMalformed: with everything that is wrong with it.
    """
    try:
        changed = restore_layers(table.sources | {table.base.file: text})
    except TableError as error:
        count = len(error.findings)
        raise TableMalformed(
            f"{count} finding{'s' if count > 1 else ''}",
            findings=list(map(asdict, error.findings)),
            field=field,
        ) from error
    except RuleError as error:
        raise BadRequest(str(error), field=field) from error
    if changed.base.id != table.base.id:
        raise BadRequest(f"it is a text of table {changed.base.id!r}, not {table.base.id!r}", field=field)
    return changed


@dataclass(frozen=True)
class Scope:
    """Which decisions a backtest tries: the newest `limit`, made since a time if one is given."""

    since: datetime | None = None
    limit: int = 10_000


async def backtest_table(
    database: Database, table: LayeredTable, *, scope: Scope, sum_: Sequence[str] | None = None
) -> Backtest:
    """Put the decisions that were made by a table to a text of it; the last word of each step counts."""
    async with database.connection() as connection:
        rows = await list_last_decisions(connection, table.base.id, since=scope.since, limit=scope.limit)
    return await asyncio.to_thread(backtest, table, map(_past, rows), sum_=sum_)


def _past(row: RecordedDecision) -> Past:
    return Past(
        case=str(row.case_id),
        is_open=row.status not in ENDED,
        as_of=row.as_of,
        facts=row.facts,
        record=row.said,
        said=_said(row),
    )


def _said(row: RecordedDecision) -> Said:
    return Said(row.kind, row.said.get("outcome", {}), tuple(row.said["rules"]))


@dataclass(frozen=True)
class Replay:
    """A kept decision, and what its stored text says today to the same facts.

    `differs` says in what they differ, or why the text cannot be asked.
    """

    decision: RecordedDecision
    answer: Decision | Escalation | None
    differs: str | None


async def replay_case(database: Database, texts: TableTexts, case_id: Any) -> list[Replay]:
    """Ask the stored text of each decision of a case again."""
    async with database.connection() as connection:
        rows = await list_decisions(connection, case_id)
    return [await _replay(texts, row) for row in rows]


async def _replay(texts: TableTexts, row: RecordedDecision) -> Replay:
    try:
        table = (await texts.get(row.text_digest)).table_of(row.said)
    except (ServerError, RuleError) as error:
        return Replay(row, None, f"the text cannot be asked: {error}")
    answer = decide(table, row.facts, as_of=row.as_of)
    return Replay(row, answer, _difference(row, answer))


def _difference(row: RecordedDecision, answer: Decision | Escalation) -> str | None:
    now, was = said_of(answer), _said(row)
    said = {
        "digest": (row.digest, answer.basis.table.digest),
        "facts": (row.facts_digest, answer.basis.facts_digest),
        "said": (was.in_words(), now.in_words()),
    }
    differing = [
        f"{name}: {old} was kept, {new} comes out" for name, (old, new) in said.items() if old != new
    ]
    return "; ".join(differing) or None
