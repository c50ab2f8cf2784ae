"""Interventions on real cases: what each does, where it is refused, and that a dry run changes nothing."""

from uuid import uuid4

import pytest
from intervened_cases import (
    IN_STATUS,
    REGISTRY,
    answer,
    answered,
    case_of,
    do,
    executed,
    in_incident,
    reviews_of,
    rows,
    run_all,
    start,
    suspended,
    waiting,
)
from langgraph.checkpoint.base import id as ids

from server.engine.actions import ACTIONS, Action
from server.engine.cases import answer_review
from server.engine.runner import Runner
from server.engine.transitions import LEGAL
from server.errors import (
    BadRequest,
    EffectUnsettled,
    IllegalTransition,
    NotFound,
    NotPermitted,
    ReviewWithdrawn,
    RevisionMismatch,
)
from server.storage.database import Database

AN_HOUR = 3600 * 10_000_000  # in the ticks of a checkpoint's id
AFTER = {"retry": "running", "cancel": "cancelled", "suspend": "suspended"}
TABLES = [
    "cases", "runs", "reviews", "effects", "audit_entries", "incidents", "stops", "procrastinate_jobs",
    "procrastinate_events", "checkpoints", "checkpoint_writes", "checkpoint_blobs",
]  # fmt: skip


async def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table that an intervention could touch."""
    return {
        table: sorted(str(row) for row in await rows(database, f"SELECT * FROM {table}")) for table in TABLES
    }


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_legal_intervention_moves_the_case_and_says_so(database: Database, action: Action) -> None:
    for status in sorted(LEGAL[action]):
        case_id = await IN_STATUS[status](database)

        outcome = await do(database, case_id, action)

        case = await case_of(database, case_id)
        assert (outcome.before, outcome.after, outcome.revision) == (status, case.status, case.revision)
        assert case.status == AFTER.get(action, case.status)
        (entry,) = await rows(database, "SELECT * FROM audit_entries ORDER BY id DESC LIMIT 1")
        assert (entry["actor"], entry["case_id"]) == ("olga", case_id)
        assert entry["detail"]["reason"] == "the supplier called"
        assert (entry["detail"]["before"], entry["detail"]["after"]) == (status, case.status)


@pytest.mark.parametrize("status", IN_STATUS)
async def test_an_illegal_intervention_is_refused_and_changes_nothing(
    database: Database, status: str
) -> None:
    case_id = await IN_STATUS[status](database)
    before = await dump(database)

    for action in ACTIONS:
        if status not in LEGAL[action]:
            with pytest.raises(IllegalTransition, match=status):
                await do(database, case_id, action)

    assert await dump(database) == before


async def test_a_dry_run_tells_what_would_happen_and_changes_nothing(database: Database) -> None:
    for action in ACTIONS:
        case_id = await IN_STATUS[min(LEGAL[action])](database)
        before = await dump(database)

        would = await do(database, case_id, action, dry_run=True)

        assert await dump(database) == before, action
        did = await do(database, case_id, action)
        assert (would.before, would.after, would.revision) == (did.before, did.after, did.revision)
        assert (would.incident_id, would.change) == (did.incident_id, did.change)


async def test_an_intervention_on_a_case_that_changed_meanwhile_is_refused(database: Database) -> None:
    for action in ACTIONS:
        case_id = await IN_STATUS[min(LEGAL[action])](database)
        seen = (await case_of(database, case_id)).revision

        with pytest.raises(RevisionMismatch):
            await do(database, case_id, action, expected_revision=seen - 1)

        await do(database, case_id, action, expected_revision=seen)


async def test_an_unknown_case_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await do(database, uuid4(), "cancel")


async def test_the_runtime_itself_may_not_intervene(database: Database) -> None:
    case_id = await waiting(database)

    with pytest.raises(NotPermitted):
        await do(database, case_id, "cancel", actor="steward")

    assert (await case_of(database, case_id)).status == "waiting"


async def test_a_retry_resolves_the_incident_and_goes_on_from_the_last_checkpoint(database: Database) -> None:
    case_id = await in_incident(database)
    executed.clear()
    await do(database, case_id, "edit", fields={"size": 5})

    outcome = await do(database, case_id, "retry")
    await run_all(database)

    assert (await case_of(database, case_id)).result == "chair of size 5"
    (incident,) = await rows(database, "SELECT * FROM incidents")
    assert (incident["id"], incident["status"]) == (outcome.incident_id, "resolved")
    assert (incident["resolved_by"], incident["resolved_how"], incident["reason"]) == (
        "olga",
        "retry",
        "the supplier called",
    )
    assert [name for name, _ in executed] == ["weigh", "finish"]


async def test_a_retry_that_fails_again_opens_another_incident(database: Database) -> None:
    case_id = await in_incident(database)

    await do(database, case_id, "retry")
    await run_all(database)

    assert (await case_of(database, case_id)).status == "incident"
    found = await rows(database, "SELECT status FROM incidents ORDER BY opened_at")
    assert [row["status"] for row in found] == ["resolved", "open"]


async def test_a_retry_does_not_ask_again_what_was_answered(database: Database) -> None:
    """The step failed after its answer: the decision was made, and no crash or error unmakes it."""
    case_id = await answered(database, size=-1)
    assert (await case_of(database, case_id)).status == "incident"
    await do(database, case_id, "edit", fields={"size": 2})

    await do(database, case_id, "retry")
    await run_all(database)

    assert (await case_of(database, case_id)).result == "chair of size 2"
    assert [review.status for review in await reviews_of(database, case_id)] == ["answered"]


async def test_an_edit_keeps_the_tasks_that_are_open_and_what_was_done_beside_them(
    database: Database,
) -> None:
    """An effect's key holds its task: under another one, a repeat would be a second effect."""
    executed.clear()
    case_id = await in_incident(database)
    await do(database, case_id, "edit", fields={"size": 4})

    await do(database, case_id, "retry")
    await run_all(database)

    tasks = [task for name, task in executed if name == "weigh"]
    assert len(tasks) == 2
    assert len(set(tasks)) == 1
    assert [name for name, _ in executed].count("paint") == 1


async def test_an_edit_replaces_the_value_of_a_field_that_gathers(database: Database) -> None:
    case_id = await in_incident(database)

    outcome = await do(database, case_id, "edit", fields={"notes": ["as agreed"], "size": 1})
    await do(database, case_id, "retry")
    await run_all(database)

    assert outcome.change.fields["notes"] == {"before": ["begun"], "after": ["as agreed"]}
    (entry,) = await rows(database, "SELECT detail FROM audit_entries WHERE action = 'case_edited'")
    assert entry["detail"]["fields"] == outcome.change.fields
    assert (await case_of(database, case_id)).result == "chair of size 1"


async def test_the_last_of_several_edits_counts(database: Database) -> None:
    case_id = await in_incident(database)

    await do(database, case_id, "edit", fields={"size": 8, "item": "table"})
    second = await do(database, case_id, "edit", fields={"size": 9})
    await do(database, case_id, "retry")
    await run_all(database)

    assert second.change.fields == {"size": {"before": 8, "after": 9}}
    assert (await case_of(database, case_id)).result == "table of size 9"


async def test_an_edit_of_a_waiting_case_asks_again_about_the_new_facts(database: Database) -> None:
    case_id = await waiting(database)
    (old,) = await reviews_of(database, case_id)

    outcome = await do(database, case_id, "edit", fields={"size": 6})
    await run_all(database)

    new, withdrawn = await reviews_of(database, case_id)
    assert (withdrawn.id, withdrawn.status, outcome.change.withdrawn) == (old.id, "withdrawn", [old.id])
    assert (new.question, new.status) == ("Work on chair of size 6?", "open")
    with pytest.raises(ReviewWithdrawn):
        await answer_review(database, old.id, answer="yes", actor="ben")
    await answer(database, case_id)
    await run_all(database)
    assert (await case_of(database, case_id)).result == "chair of size 6"


async def test_an_edit_that_the_state_cannot_hold_is_refused(database: Database) -> None:
    case_id = await in_incident(database)
    before = await dump(database)

    for name, value in {"size": "large", "colour": "red", "item": "a\0b"}.items():
        with pytest.raises(BadRequest) as refused:
            await do(database, case_id, "edit", fields={name: value})
        assert refused.value.field == f"fields.{name}"

    assert await dump(database) == before


async def test_a_skip_goes_on_at_the_step_and_withdraws_the_question(database: Database) -> None:
    case_id = await waiting(database)

    outcome = await do(database, case_id, "skip", step="finish")
    await run_all(database)

    case = await case_of(database, case_id)
    assert (case.status, case.result) == ("succeeded", "chair of size 3")
    assert len(outcome.change.withdrawn) == 1
    assert [review.status for review in await reviews_of(database, case_id)] == ["withdrawn"]


async def test_a_skip_leaves_the_failed_step_and_keeps_what_was_done_beside_it(database: Database) -> None:
    case_id = await in_incident(database)
    executed.clear()

    await do(database, case_id, "skip", step="finish")
    await run_all(database)

    assert [name for name, _ in executed] == ["finish"]
    assert (await case_of(database, case_id)).status == "succeeded"
    assert (await rows(database, "SELECT resolved_how FROM incidents"))[0]["resolved_how"] == "skip"


async def test_a_skip_back_does_the_step_again(database: Database) -> None:
    case_id = await in_incident(database)

    await do(database, case_id, "skip", step="approve")
    await run_all(database)

    assert (await case_of(database, case_id)).status == "waiting"
    assert [review.status for review in await reviews_of(database, case_id)] == ["open", "answered"]


async def test_a_skip_to_no_other_step_is_refused(database: Database) -> None:
    case_id = await in_incident(database)

    for step, error in {"nowhere": BadRequest, "__end__": BadRequest, "weigh": IllegalTransition}.items():
        with pytest.raises(error):
            await do(database, case_id, "skip", step=step)

    assert (await case_of(database, case_id)).status == "incident"


async def test_a_skip_counts_although_the_clock_is_behind_that_of_the_worker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "_last_v6_timestamp", ids.uuid6().time + AN_HOUR)
    case_id = await in_incident(database)
    monkeypatch.setattr(ids, "_last_v6_timestamp", None)  # as in another process, on another machine

    await do(database, case_id, "skip", step="finish")
    await run_all(database)

    assert (await case_of(database, case_id)).status == "succeeded"


async def test_a_step_whose_effect_may_have_happened_is_not_skipped(database: Database) -> None:
    case_id = await in_incident(database)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO effects (key, case_id, step, server, tool, contract, arguments, digest, verdict)"
            " VALUES ('k', %s, 'weigh:1', 'erp', 'book', 'blind', '{}', 'd', '{}')",
            (case_id,),
        )

    with pytest.raises(EffectUnsettled, match="effect k"):
        await do(database, case_id, "skip")

    assert (await do(database, case_id, "cancel")).change.unsettled == ["k"]


async def test_a_case_that_never_began_cannot_be_edited(database: Database) -> None:
    case_id = await start(database)
    await do(database, case_id, "suspend")

    with pytest.raises(IllegalTransition, match="not begun"):
        await do(database, case_id, "edit")


async def test_a_cancelled_case_is_never_worked_on_again(database: Database) -> None:
    case_id = await start(database)
    executed.clear()

    outcome = await do(database, case_id, "cancel")
    await run_all(database)

    case = await case_of(database, case_id)
    assert (case.status, outcome.change.run) == ("cancelled", "cancelled")
    assert case.ended_at is not None
    assert executed == []


async def test_a_resumed_case_is_where_it_was(database: Database) -> None:
    for make, status in ((start, "running"), (waiting, "waiting"), (in_incident, "incident")):
        case_id = await make(database)
        before = await case_of(database, case_id)
        await do(database, case_id, "suspend")

        await do(database, case_id, "resume")

        after = await case_of(database, case_id)
        assert (after.status, after.error) == (status, before.error)


async def test_an_answer_to_a_suspended_case_is_kept_until_it_is_resumed(database: Database) -> None:
    case_id = await suspended(database)
    executed.clear()

    await answer(database, case_id)
    await run_all(database)

    assert (await case_of(database, case_id)).status == "suspended"
    assert executed == []
    await do(database, case_id, "resume")
    await run_all(database)
    assert (await case_of(database, case_id)).result == "chair of size 3"


async def test_a_suspended_case_is_not_begun(database: Database) -> None:
    case_id = await start(database)
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id FROM runs")).fetchone()
    await do(database, case_id, "suspend")
    assert row is not None

    await Runner(database, REGISTRY).run(row["id"], worker=1)

    case = await case_of(database, case_id)
    assert (case.status, case.attempt) == ("suspended", 0)
    await do(database, case_id, "resume")
    await run_all(database)
    assert (await case_of(database, case_id)).status == "waiting"


async def test_suspending_keeps_the_question_open(database: Database) -> None:
    case_id = await suspended(database)

    assert [review.status for review in await reviews_of(database, case_id)] == ["open"]
