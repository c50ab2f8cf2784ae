"""Incidents: opened with the end of the run, one a case, in groups of one cause."""

from uuid import UUID, uuid4

import pytest
from small_processes import small_registry

from server.engine.cases import answer_review, start_case
from server.engine.incidents import Cause, cause_of, open_incident
from server.engine.runner import Runner
from server.errors import ServerError
from server.storage.cases import get_case
from server.storage.database import Database
from server.storage.incidents import Incident, list_groups, list_incidents
from server.storage.reviews import list_reviews
from tools.errors import OutcomeUnknown, ToolRefused

CAUSE = Cause("tool_refused", "permanent", "the period is closed", "ToolRefused", step="book")


async def run_all(database: Database) -> None:
    runner = Runner(database, small_registry())
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
    for row in rows:
        await runner.run(row["id"], worker=1)


async def stuck_case(database: Database) -> UUID:
    """A case whose last step failed."""
    process = small_registry().get("small")
    case, _ = await start_case(database, process, input_={"item": "chair"}, actor="anna", key=None)
    await run_all(database)
    async with database.transaction() as connection:
        (review,) = await list_reviews(connection, case_id=case.id, limit=1)
    await answer_review(database, review.id, answer={"size": 0}, actor="ben")
    await run_all(database)
    return case.id


async def incidents(database: Database) -> list[Incident]:
    async with database.connection() as connection:
        return await list_incidents(connection, limit=10)


async def test_a_failed_step_opens_an_incident_that_names_it(database: Database) -> None:
    case_id = await stuck_case(database)

    (incident,) = await incidents(database)

    assert (incident.case_id, incident.process, incident.step) == (case_id, "small", "fail_on_zero")
    assert (incident.code, incident.kind, incident.attempts) == ("unexpected", "permanent", 2)
    assert incident.detail == {"type": "ZeroDivisionError"}
    assert "secret" not in incident.message


async def test_incidents_of_one_cause_are_one_group(database: Database) -> None:
    oldest = await stuck_case(database)
    await stuck_case(database)

    async with database.connection() as connection:
        (group,) = await list_groups(connection, process="small", limit=10)
        (first,) = await list_incidents(connection, case_id=oldest, limit=2)

    assert (group.group_key, group.count) == ("small/fail_on_zero/unexpected.ZeroDivisionError", 2)
    assert group.oldest_at == first.opened_at


async def test_a_second_incident_of_a_case_takes_the_place_of_the_first(database: Database) -> None:
    case_id = await stuck_case(database)

    async with database.transaction() as connection:
        await open_incident(connection, case_id, run_id=None, cause=CAUSE)

    second, first = await incidents(database)
    assert (second.status, second.code) == ("open", "tool_refused")
    assert (first.status, first.resolved_how) == ("resolved", "superseded")


async def test_an_incident_of_a_suspended_case_leaves_it_suspended(database: Database) -> None:
    case_id = await stuck_case(database)

    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET status = 'suspended' WHERE id = %s", (case_id,))
        await open_incident(connection, case_id, run_id=None, cause=CAUSE)
        case = await get_case(connection, case_id)

    assert case.status == "suspended"
    assert case.error is not None


async def test_every_change_of_a_case_raises_its_revision(database: Database) -> None:
    process = small_registry().get("small")
    case, _ = await start_case(database, process, input_={"item": "chair"}, actor="anna", key=None)

    await run_all(database)

    async with database.connection() as connection:
        waiting = await get_case(connection, case.id)
    assert (case.revision, waiting.revision) == (0, 2)  # the claim, and the end of the run


async def test_an_incident_of_an_unknown_case_is_refused(database: Database) -> None:
    with pytest.raises(ServerError, match="no case"):
        async with database.transaction() as connection:
            await open_incident(connection, uuid4(), run_id=None, cause=CAUSE)


@pytest.mark.parametrize(
    ("error", "code", "kind", "message"),
    [
        (OutcomeUnknown("no answer", repeatable=False), "tool_outcome_unknown", "ambiguous", "no answer"),
        (ToolRefused("closed\0"), "tool_refused", "permanent", "closed\ufffd"),
        (ServerError("odd"), "server_error", "permanent", "odd"),
        (KeyError("secret"), "unexpected", "permanent", "see the log of the worker"),
    ],
)
def test_a_cause_says_what_may_be_shown(error: Exception, code: str, kind: str, message: str) -> None:
    cause = cause_of(error)

    assert (cause.code, cause.kind, cause.message) == (code, kind, message)


def test_a_cause_names_the_outermost_step() -> None:
    error = ToolRefused("closed")
    error.add_note("During task with name 'inner' and id '1'")
    error.add_note("During task with name 'book' and id '2'")

    assert cause_of(error).group == "book/tool_refused"
