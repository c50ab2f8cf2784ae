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
    dump,
    executed,
    in_incident,
    reviews_of,
    rows,
    run_all,
    start,
    suspended,
    waiting,
)

from server.engine.actions import ACTIONS, Action
from server.engine.runner import Runner
from server.engine.transitions import LEGAL
from server.errors import (
    IllegalTransition,
    NotFound,
    NotPermitted,
    RevisionMismatch,
)
from server.storage.database import Database

AFTER = {"retry": "running", "cancel": "cancelled", "suspend": "suspended"}


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
