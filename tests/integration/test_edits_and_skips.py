"""Edits of the state and skips to another step: what they change, and what they leave as it is."""

import pytest
from intervened_cases import (
    answer,
    case_of,
    do,
    dump,
    executed,
    in_incident,
    reviews_of,
    rows,
    run_all,
    start,
    waiting,
)
from langgraph.checkpoint.base import id as ids

from server.engine.cases import answer_review
from server.errors import (
    BadRequest,
    EffectUnsettled,
    IllegalTransition,
    ReviewWithdrawn,
)
from server.storage.database import Database

AN_HOUR = 3600 * 10_000_000  # in the ticks of a checkpoint's id


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
