"""Routes: tables of rules, what they say, and what another text of one would have said."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path

from rules import Escalation, LayeredTable, rows_concerned
from rules.rendering import json_of, rules_of
from server.engine.limits import DEFAULT
from server.engine.payloads import check_payload
from server.engine.proposals import Wish, propose_rule
from server.engine.rule_tables import (
    Replay,
    Scope,
    ask,
    backtest_table,
    changed_table,
    find_text,
    flaws_of,
    known_tables,
    replay_case,
)
from server.http import examples, models, rule_examples, rule_models
from server.http.context import Actor, Host, HostPart, Limit
from server.http.problems import problem_responses
from server.http.rule_models import Evaluate, ProposeRule, StartBacktest
from server.storage.cases import get_case
from server.storage.decisions import list_texts
from server.storage.pages import decode_cursor, encode_cursor
from server.storage.proposals import list_proposals

router = APIRouter(prefix="/v1", tags=["rules"])

MOST_TEXTS = 100

Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="a table's id, or the digest of a text that it has had",
    ),
]


@router.get(
    "/rules",
    response_model=models.Page[rule_models.RuleTable],
    responses={200: examples.response(examples.page(rule_examples.TABLE))},
)
async def get_tables(host: HostPart) -> Any:
    """List the tables of this host, by their id."""
    return {
        "items": [_shown(host, table) for table in known_tables(host.registry).values()],
        "next": None,
    }


@router.get(
    "/rules/{table}",
    response_model=rule_models.RuleTableDetail,
    responses={200: examples.response(rule_examples.TABLE_DETAIL), **problem_responses(404, 422, 503)},
)
async def get_table(host: HostPart, table: Name) -> Any:
    """Show a table: what it asks for, its rules as rows, its text and the texts that it has had."""
    found = await find_text(host.registry, host.texts, table)
    async with host.database.connection() as connection:
        history = await list_texts(connection, found.base.id, limit=MOST_TEXTS)
    told, sheet = json_of(found.base), rules_of(found.base)
    return {
        **_shown(host, found),
        "prose": found.base.prose,
        "inputs": told["inputs"],
        "outputs": told["outputs"],
        "rows": told["rules"],
        "sheet": {"headings": sheet.headings, "rows": sheet.rows},
        "findings": await asyncio.to_thread(flaws_of, found),
        "sources": found.sources,
        "history": history,
    }


@router.post(
    "/rules/{table}/evaluate",
    response_model=rule_models.Evaluated,
    responses={200: examples.response(rule_examples.EVALUATED), **problem_responses(404, 413, 422, 503)},
    openapi_extra={"requestBody": rule_examples.EVALUATE_BODY},
)
async def post_evaluation(host: HostPart, table: Name, body: Evaluate) -> Any:
    """Ask a table about facts: what it decides, or why it does not, and why no other rule did."""
    check_payload(body.model_dump(mode="json"), field="body", limits=host.registry.limits.of(DEFAULT))
    found = await find_text(host.registry, host.texts, table)
    said = ask(found, body.facts, as_of=body.as_of, context=body.context)
    return {**said.as_json(), "concerned": rows_concerned(said) if isinstance(said, Escalation) else []}


@router.post(
    "/rules/{table}/backtest",
    response_model=rule_models.Backtest,
    responses={200: examples.response(rule_examples.BACKTEST), **problem_responses(404, 413, 422, 503)},
    openapi_extra={"requestBody": rule_examples.BACKTEST_BODY},
)
async def post_backtest(host: HostPart, table: Name, body: StartBacktest) -> Any:
    """Put the decisions that were made by a table to another text of it, and say which would flip.

    Nothing is changed, and nobody else is asked. A text that is no table is refused with all its findings.
    """
    check_payload(body.model_dump(mode="json"), field="body", limits=host.registry.limits.of(DEFAULT))
    found = await find_text(host.registry, host.texts, table)
    changed = changed_table(found, body.text)
    scope = Scope(since=body.since, limit=body.limit)
    result = await backtest_table(host.database, changed, scope=scope, sum_=body.sum)
    return {"table": found.base.id, "old": found.digest, "new": changed.digest, **result.as_json()}


@router.get(
    "/rules/{table}/proposals",
    response_model=models.Page[rule_models.ProposedRule],
    responses={
        200: examples.response(examples.page(rule_examples.PROPOSED_RULE)),
        **problem_responses(404, 422, 503),
    },
)
async def get_proposals(host: HostPart, table: Name, limit: Limit = 50, cursor: str | None = None) -> Any:
    """List the rules that people proposed for a table, newest first. None of them decides anything."""
    found = await find_text(host.registry, host.texts, table)
    after = decode_cursor(cursor) if cursor else None
    async with host.database.connection() as connection:
        rows = await list_proposals(connection, found.base.id, after=after, limit=limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return {"items": page, "next": encode_cursor((page[-1].proposed_at, page[-1].id)) if more else None}


@router.post(
    "/reviews/{id}/proposals",
    status_code=201,
    response_model=rule_models.ProposedRule,
    responses={
        201: examples.response(rule_examples.PROPOSED_RULE),
        **problem_responses(403, 404, 409, 413, 422, 503),
    },
    openapi_extra={"requestBody": rule_examples.PROPOSE_BODY},
)
async def post_proposal(host: HostPart, actor: Actor, id: UUID, body: ProposeRule) -> Any:  # noqa: A002
    """Keep the answer to a review of what a table could not decide as a proposed rule, with its backtest.

    The rule is for all facts that no row tells from the ones that were decided.
    """
    check_payload(body.model_dump(mode="json"), field="body", limits=host.registry.limits.of(DEFAULT))
    wish = Wish(body.table, body.outcome, body.because)
    return await propose_rule(host.database, host.registry, id, wish=wish, actor=actor)


@router.get(
    "/cases/{id}/decisions",
    response_model=models.Page[rule_models.CaseDecision],
    responses={
        200: examples.response(examples.page(rule_examples.CASE_DECISION)),
        **problem_responses(404, 422, 503),
    },
)
async def get_decisions(host: HostPart, id: UUID) -> Any:  # noqa: A002  the path's name for it
    """List what tables decided in a case, first to last, each made again from the text that decided it."""
    async with host.database.connection() as connection:
        await get_case(connection, id)
    replays = await replay_case(host.database, host.texts, id)
    return {"items": [_replayed(one) for one in replays], "next": None}


def _shown(host: Host, table: LayeredTable) -> dict[str, Any]:
    base = table.base
    return {
        "id": base.id,
        "version": base.version,
        "digest": table.digest,
        "title": base.title,
        "owner": base.owner,
        "hit": base.hit,
        "effective_from": base.effective_from,
        "effective_to": base.effective_to,
        "rules": len(base.rules),
        "overlays": len(table.overlays),
        "processes": sorted(
            process.name
            for process in host.registry
            if any(base.id in _all_ids(held) for held in process.tables)
        ),
    }


def _all_ids(table: LayeredTable) -> set[str]:
    """A table's id, and those of the tables that it asks."""
    return {table.base.id}.union(*(_all_ids(one) for one in table.asked.values()))


def _replayed(replay: Replay) -> dict[str, Any]:
    row = replay.decision
    return {
        "case_id": row.case_id,
        "case_status": row.status,
        "step": row.step,
        "table": row.table_id,
        "text_digest": row.text_digest,
        "digest": row.digest,
        "as_of": row.as_of,
        "facts": row.facts,
        "facts_digest": row.facts_digest,
        "kind": row.kind,
        "said": row.said,
        "decided_at": row.decided_at,
        "differs": replay.differs,
        "replay": replay.answer.as_json() if replay.answer else None,
    }
