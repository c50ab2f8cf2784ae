"""A run from claim to rest, on a real database."""

from uuid import UUID

import pytest
from small_processes import small_registry

from server.engine.cases import answer_review, start_case
from server.engine.history import read_history
from server.engine.runner import Runner
from server.errors import BadRequest, IdempotencyMismatch, ReviewAlreadyAnswered
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.reviews import Review, list_reviews


async def start(database: Database, item: str = "chair", key: str | None = None) -> Case:
    process = small_registry().get("small")
    case, _ = await start_case(database, process, input_={"item": item}, actor="anna", key=key)
    return case


async def run_all(database: Database) -> None:
    """Do what a worker would do with every ready run."""
    runner = Runner(database, small_registry())
    for run_id in await ready_runs(database):
        await runner.run(run_id, worker=1)


async def ready_runs(database: Database) -> list[UUID]:
    async with database.transaction() as connection:
        rows = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchall()
        return [row["id"] for row in rows]


async def case_of(database: Database, case_id: UUID) -> Case:
    async with database.transaction() as connection:
        return await get_case(connection, case_id)


async def only_review(database: Database, case_id: UUID) -> Review:
    async with database.transaction() as connection:
        (review,) = await list_reviews(connection, case_id=case_id, limit=10)
        return review


async def test_an_interrupt_opens_a_review_and_the_case_waits(database: Database) -> None:
    case = await start(database)

    await run_all(database)

    review = await only_review(database, case.id)
    assert (review.question, review.role, review.status) == ("How large is chair?", "clerk", "open")
    assert review.form is not None
    assert review.form["required"] == ["size"]
    waiting = await case_of(database, case.id)
    assert (waiting.status, waiting.title) == ("waiting", "order of chair")


async def test_an_answer_brings_the_case_to_its_end(database: Database) -> None:
    case = await start(database)
    await run_all(database)
    review = await only_review(database, case.id)

    await answer_review(database, review.id, answer={"size": 3}, actor="ben")
    await run_all(database)

    ended = await case_of(database, case.id)
    assert (ended.status, ended.result) == ("succeeded", "size 3")
    assert ended.ended_at is not None
    assert (await only_review(database, case.id)).answered_by == "ben"


async def test_a_case_whose_answer_was_accepted_waits_no_longer(database: Database) -> None:
    case = await start(database)
    await run_all(database)
    review = await only_review(database, case.id)

    await answer_review(database, review.id, answer={"size": 3}, actor="ben")

    assert (await case_of(database, case.id)).status == "running"


async def test_a_second_answer_is_refused_with_the_winners_name(database: Database) -> None:
    case = await start(database)
    await run_all(database)
    review = await only_review(database, case.id)
    await answer_review(database, review.id, answer={"size": 3}, actor="ben")

    with pytest.raises(ReviewAlreadyAnswered, match="ben"):
        await answer_review(database, review.id, answer={"size": 4}, actor="cleo")

    assert (await only_review(database, case.id)).answer == {"size": 3}


async def test_an_answer_that_does_not_fit_the_form_leaves_the_review_open(database: Database) -> None:
    case = await start(database)
    await run_all(database)
    review = await only_review(database, case.id)

    with pytest.raises(BadRequest) as refused:
        await answer_review(database, review.id, answer={"size": "large"}, actor="ben")

    assert refused.value.field == "answer.size"
    assert (await only_review(database, case.id)).status == "open"
    assert await ready_runs(database) == []


async def test_an_unexpected_error_becomes_an_incident_without_its_words(database: Database) -> None:
    case = await start(database)
    await run_all(database)
    review = await only_review(database, case.id)
    await answer_review(database, review.id, answer={"size": 0}, actor="ben")

    await run_all(database)

    stuck = await case_of(database, case.id)
    assert stuck.status == "incident"
    assert stuck.error == {
        "type": "ZeroDivisionError",
        "code": "unexpected",
        "message": "see the log of the worker",
    }


async def test_the_same_key_with_the_same_input_is_the_same_case(database: Database) -> None:
    first = await start(database, key="k1")

    second = await start(database, key="k1")

    assert second.id == first.id
    assert len(await ready_runs(database)) == 1


async def test_the_same_key_with_another_input_is_refused(database: Database) -> None:
    await start(database, "chair", key="k1")

    with pytest.raises(IdempotencyMismatch):
        await start(database, "table", key="k1")


async def test_an_input_that_the_process_does_not_take_names_the_field(database: Database) -> None:
    process = small_registry().get("small")

    with pytest.raises(BadRequest) as refused:
        await start_case(database, process, input_={"item": 5}, actor="anna", key=None)

    assert refused.value.field == "input.item"


async def test_text_that_postgresql_cannot_keep_is_refused(database: Database) -> None:
    process = small_registry().get("small")

    for text in ("a\x00b", "a\ud800b"):
        with pytest.raises(BadRequest):
            await start_case(database, process, input_={"item": text}, actor="anna", key=None)


async def test_a_run_is_claimed_once(database: Database) -> None:
    case = await start(database)
    (run_id,) = await ready_runs(database)
    runner = Runner(database, small_registry())
    await runner.run(run_id, worker=1)

    await runner.run(run_id, worker=2)

    assert (await case_of(database, case.id)).attempt == 1


async def test_the_history_tells_the_steps_in_order(database: Database) -> None:
    case = await start(database)
    await run_all(database)

    history = await read_history(database, small_registry().get("small"), case.id)

    assert [(step.name, step.status) for step in history.steps] == [
        ("name_it", "done"),
        ("ask_size", "waiting"),
    ]
    assert history.values["title"] == "order of chair"
