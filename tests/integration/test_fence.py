"""A superseded attempt writes nothing: no checkpoint, no effect, no end."""

from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from small_processes import small_registry

from server.engine.cases import start_case
from server.engine.ledger import PostgresLedger
from server.engine.witnesses import CaseWitnesses
from server.errors import AttemptSuperseded
from server.storage.database import Database
from server.storage.effects import list_effects
from server.storage.runs import Claim, claim_run, fail_run, requeue_run
from server.storage.saver import FencedSaver
from tools.errors import EffectConflict, NotSent, ToolRefused
from tools.ports import Call, Entry, Sighting, Verdict

ALLOWED = Verdict(allowed=True, reason="a test")


@pytest.fixture
async def claim(database: Database) -> Claim:
    """The first attempt of a new case."""
    await start_case(database, small_registry().get("small"), input_={"item": "x"}, actor="anna", key=None)
    return await claim_ready(database)


async def claim_ready(database: Database) -> Claim:
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id FROM runs WHERE status = 'ready'")).fetchone()
        assert row is not None
        claim = await claim_run(connection, row["id"], worker=1)
    assert claim is not None
    return claim


async def take_over(database: Database, claim: Claim) -> Claim:
    """Do what happens when the worker of `claim` is taken for dead."""
    async with database.transaction() as connection:
        assert await requeue_run(connection, claim.run_id, worker=claim.worker)
    return await claim_ready(database)


def call(key: str = "k", digest: str = "d") -> Call:
    return Call(
        server="erp",
        tool="book_invoice",
        arguments={"total": "1.00"},
        digest=digest,
        contract="keyed",
        key=key,
        sandbox=True,
        case="c",
        step="book",
    )


async def rows(database: Database, table: str) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        return await (await connection.execute(f"SELECT * FROM {table}".encode())).fetchall()


async def put_checkpoint(database: Database, claim: Claim) -> None:
    saver = FencedSaver(database, case_id=claim.case_id, attempt=claim.attempt)
    config = {"configurable": {"thread_id": str(claim.case_id), "checkpoint_ns": ""}}
    await saver.aput(config, empty_checkpoint(), {"source": "input", "step": -1, "parents": {}}, {})


async def test_the_current_attempt_writes_a_checkpoint(database: Database, claim: Claim) -> None:
    await put_checkpoint(database, claim)

    assert len(await rows(database, "checkpoints")) == 1


async def test_a_superseded_attempt_writes_no_checkpoint(database: Database, claim: Claim) -> None:
    await take_over(database, claim)

    with pytest.raises(AttemptSuperseded):
        await put_checkpoint(database, claim)

    assert await rows(database, "checkpoints") == []


async def test_a_superseded_attempt_writes_no_pending_writes(database: Database, claim: Claim) -> None:
    await take_over(database, claim)
    saver = FencedSaver(database, case_id=claim.case_id, attempt=claim.attempt)
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}

    with pytest.raises(AttemptSuperseded):
        await saver.aput_writes(config, [("a", 1)], "task")

    assert await rows(database, "checkpoint_writes") == []


async def test_a_superseded_attempt_intends_no_effect(database: Database, claim: Claim) -> None:
    await take_over(database, claim)

    with pytest.raises(AttemptSuperseded):
        await PostgresLedger(database, claim).begin(call(), ALLOWED)

    assert await rows(database, "effects") == []


async def test_a_superseded_attempt_finishes_no_effect(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)
    await take_over(database, claim)

    with pytest.raises(AttemptSuperseded):
        await ledger.finish("k", {"entry": "1"})

    assert [row["status"] for row in await rows(database, "effects")] == ["intended"]


async def test_a_superseded_attempt_notes_no_answer_of_a_witness(database: Database, claim: Claim) -> None:
    await take_over(database, claim)

    with pytest.raises(AttemptSuperseded):
        await CaseWitnesses(database, claim).note([Sighting("erp.find_supplier:iban", "o", "v", 60)])

    assert await rows(database, "sightings") == []


async def test_a_superseded_attempt_ends_no_run(database: Database, claim: Claim) -> None:
    await take_over(database, claim)

    with pytest.raises(AttemptSuperseded):
        async with database.transaction() as connection:
            await fail_run(connection, claim)

    assert [row["status"] for row in await rows(database, "runs")] == ["running"]


async def test_an_attempt_whose_run_was_put_back_leaves_its_end_to_the_next(
    database: Database, claim: Claim
) -> None:
    async with database.transaction() as connection:
        assert await requeue_run(connection, claim.run_id, worker=claim.worker)

    with pytest.raises(AttemptSuperseded):
        async with database.transaction() as connection:
            await fail_run(connection, claim)

    assert [row["status"] for row in await rows(database, "runs")] == ["ready"]


async def test_an_effect_left_without_outcome_is_unfinished_for_the_next_attempt(
    database: Database, claim: Claim
) -> None:
    await PostgresLedger(database, claim).begin(call(), ALLOWED)
    second = await take_over(database, claim)

    entry = await PostgresLedger(database, second).begin(call(), ALLOWED)

    async with database.transaction() as connection:
        (effect,) = await list_effects(connection, claim.case_id)
    assert (entry.state, entry.tried_at, effect.tries) == ("unfinished", effect.tried_at, 1)


async def test_an_effect_that_is_done_gives_its_receipt_again(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)
    await ledger.finish("k", {"entry": "1"})

    entry = await ledger.begin(call(), ALLOWED)

    assert entry == Entry("done", receipt={"entry": "1"})


async def test_an_effect_that_failed_is_new_again(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)
    await ledger.fail("k", NotSent("the ERP is away"))

    entry = await ledger.begin(call(), ALLOWED)

    assert entry == Entry("new")


async def test_an_effect_that_failed_may_come_with_other_arguments(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)
    await ledger.fail("k", ToolRefused("the period is closed"))

    entry = await ledger.begin(call(digest="other"), ALLOWED)

    assert entry == Entry("new")
    (effect,) = await rows(database, "effects")
    assert (effect["digest"], effect["status"], effect["tries"]) == ("other", "intended", 2)


async def test_the_same_key_with_other_arguments_is_a_conflict(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)

    with pytest.raises(EffectConflict):
        await ledger.begin(call(digest="other"), ALLOWED)


async def test_every_change_of_an_effect_leaves_an_audit_entry(database: Database, claim: Claim) -> None:
    ledger = PostgresLedger(database, claim)
    await ledger.begin(call(), ALLOWED)
    await ledger.finish("k", {"entry": "1"})

    actions = [row["action"] for row in await rows(database, "audit_entries")]

    assert actions == ["case_started", "effect_intended", "effect_done"]


async def test_an_audit_entry_cannot_be_changed(database: Database, claim: Claim) -> None:
    for statement in (
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(Exception, match="append-only"):
            async with database.transaction() as connection:
                await connection.execute(statement.encode())
