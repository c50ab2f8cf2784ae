"""Keeping the answer to a review as a proposed rule, with what it would have changed. It decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from rules import Escalation, LayeredTable, decide
from rules.change.proposal import Proposal, Unproposable, propose
from server.engine.registry import Registry
from server.engine.rule_tables import Scope, backtest_table, changed_table, known_tables
from server.errors import Conflict, NotFound, NotPermitted
from server.identity.permissions import may
from server.storage.audit import append_entry
from server.storage.database import Connection, Database
from server.storage.decisions import RecordedDecision, list_decisions
from server.storage.proposals import ProposedRule, insert_proposal
from server.storage.reviews import Review, get_review


@dataclass(frozen=True)
class Wish:
    """What a table shall say from now on where it could not decide; `outcome` is written as in a row."""

    table: str
    outcome: Mapping[str, str]
    because: str


async def propose_rule(
    database: Database, registry: Registry, review_id: UUID, *, wish: Wish, actor: str
) -> ProposedRule:
    """Make a rule of the answer to a review, put past decisions to it and keep both.

    Raises:
        NotPermitted: the actor may not.
        NotFound: there is no such review or table.
        Conflict: the review is not answered, or the table did not escalate before it, or decides this by now.
        TableMalformed: the table does not say such an outcome.
    """
    if not may(actor, "propose", f"table/{wish.table}"):
        raise NotPermitted(f"{actor} may not propose rules of {wish.table}")
    table = known_tables(registry).get(wish.table)
    if table is None:
        raise NotFound(f"there is no table {wish.table!r}")
    async with database.connection() as connection:
        review = await get_review(connection, review_id)
        decision = await _decision_before(connection, review, table_id=wish.table)
    id_ = uuid4()
    proposal = _proposal(_said_now(table, decision), wish, rule=f"P-{id_.hex[:8]}")
    changed = changed_table(table, proposal.text, field="outcome")
    result = await backtest_table(database, changed, scope=Scope())
    async with database.transaction() as connection:
        await append_entry(
            connection,
            actor,
            action="rule_proposed",
            object_=f"table/{wish.table}",
            case_id=review.case_id,
            rule=proposal.rule,
            line=proposal.line,
        )
        return await insert_proposal(
            connection,
            id_,
            table_id=wish.table,
            rule=proposal.rule,
            line=proposal.line,
            text_digest=table.digest,
            case_id=review.case_id,
            review_id=review.id,
            backtest=result.as_json(),
            actor=actor,
        )


def _proposal(said: Escalation, wish: Wish, *, rule: str) -> Proposal:
    try:
        return propose(said, wish.outcome, because=wish.because, rule=rule)
    except Unproposable as refusal:
        raise Conflict(str(refusal), field="table") from refusal


async def _decision_before(connection: Connection, review: Review, *, table_id: str) -> RecordedDecision:
    """What the table last said before the review was opened."""
    if review.status != "answered":
        raise Conflict(f"the review is {review.status}: an answer is what becomes a rule")
    rows = [
        row
        for row in await list_decisions(connection, review.case_id)
        if row.table_id == table_id and row.decided_at <= review.opened_at
    ]
    if not rows or rows[-1].kind == "decision":
        raise Conflict(f"table {table_id!r} did not leave this to a person", field="table")
    return rows[-1]


def _said_now(table: LayeredTable, decision: RecordedDecision) -> Escalation:
    """What the table says today: a rule is proposed for the text that is in force."""
    answer = decide(table.table_of(decision.said), decision.facts, as_of=decision.as_of)
    if not isinstance(answer, Escalation):
        raise Conflict(f"{answer.rule} of table {table.base.id!r} decides this by now", field="table")
    return answer
