"""An operator's word about an effect of unknown outcome, and what a retry of its case makes of it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from running_systems import System, running_systems
from transfers import AMOUNT, Order, door, effects_of, finished, run_ready, transfer_process

import tools
from server.engine.interventions import Intervention, intervene
from server.engine.registry import Process, Registry
from server.engine.settlement import settle_effect
from server.errors import EffectNotOpen, NotFound
from server.storage.cases import Case, get_case
from server.storage.database import Database
from server.storage.effects import list_all_effects

RECEIPT = {"transfer": "T-9", "reference": "r", "amount": "10.00", "currency": "EUR", "key": None}


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_systems(tmp_path_factory.mktemp("systems")) as systems:
        yield systems["blind"]


@pytest.fixture(autouse=True)
async def reachable(blind: System, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setenv("BLIND_URL", blind.url)
    blind.books.clear_faults()
    yield
    await tools.close()


async def act(state: Order) -> dict[str, Any]:
    """Transfer once."""
    return {"receipts": [await door("blind").call("transfer", reference=state.reference, **AMOUNT)]}


@pytest.fixture
async def stuck(database: Database, blind: System, request: pytest.FixtureRequest) -> Case:
    """A case whose transfer was applied, or not, without an answer."""
    blind.books.set_fault("lose_answer", times=1)
    return await finished(database, act, reference=request.node.name)


async def key_of(database: Database, case: Case) -> str:
    (effect,) = await effects_of(database, case)
    return effect.key


async def settle(database: Database, case: Case, receipt: dict[str, Any] | None) -> None:
    key = await key_of(database, case)
    await settle_effect(database, key, receipt=receipt, actor="berta", reason="looked into the bank")


async def retry(database: Database, case: Case) -> Process:
    process = transfer_process(act)
    word = Intervention("retry", reason="looked into")
    await intervene(database, Registry([process]), case.id, intervention=word, actor="berta")
    return process


async def retried(database: Database, case: Case) -> Case:
    await run_ready(database, await retry(database, case))
    async with database.transaction() as connection:
        return await get_case(connection, case.id)


async def test_what_happened_is_not_called_again(database, blind, stuck):
    await settle(database, stuck, RECEIPT)

    ended = await retried(database, stuck)

    (effect,) = await effects_of(database, stuck)
    assert (ended.status, effect.receipt, effect.settled_by) == ("succeeded", RECEIPT, "operator")
    assert len(blind.books.find_transfers(stuck.input["reference"])) == 1


async def test_what_did_not_happen_is_called_anew(database, blind, stuck):
    await settle(database, stuck, None)

    ended = await retried(database, stuck)

    (effect,) = await effects_of(database, stuck)
    assert (ended.status, effect.settled_by, effect.tries) == ("succeeded", "answer", 2)
    assert len(blind.books.find_transfers(stuck.input["reference"])) == 2, "the operator was wrong"


async def test_a_retry_without_a_word_calls_nothing(database, blind, stuck):
    ended = await retried(database, stuck)

    assert ended.status == "incident"
    assert len(blind.books.find_transfers(stuck.input["reference"])) == 1


async def test_the_second_word_is_refused(database, stuck):
    await settle(database, stuck, RECEIPT)

    with pytest.raises(EffectNotOpen, match="done"):
        await settle(database, stuck, None)


async def test_no_word_is_taken_while_a_run_may_find_it_out(database, stuck):
    await retry(database, stuck)

    with pytest.raises(EffectNotOpen, match="active run"):
        await settle(database, stuck, RECEIPT)


async def test_the_word_is_an_audit_entry(database, stuck):
    await settle(database, stuck, RECEIPT)

    async with database.transaction() as connection:
        row = await (
            await connection.execute(
                "SELECT actor, detail FROM audit_entries WHERE action = 'effect_settled'"
            )
        ).fetchone()
    assert row == {
        "actor": "berta",
        "detail": {"happened": True, "receipt": RECEIPT, "reason": "looked into the bank"},
    }


async def test_an_unknown_effect_cannot_be_settled(database):
    with pytest.raises(NotFound):
        await settle_effect(database, "k", receipt=None, actor="berta", reason="x")


async def test_open_effects_are_listed_by_page_newest_first(database, stuck):
    second = await finished(database, act, reference="done")

    async with database.transaction() as connection:
        open_ones = await list_all_effects(connection, status="intended", server="blind", after=None, limit=9)
        (newest,) = await list_all_effects(connection, status=None, server=None, after=None, limit=1)
        after = (newest.intended_at, newest.key)
        rest = await list_all_effects(connection, status=None, server=None, after=after, limit=9)

    assert [effect.case_id for effect in open_ones] == [effect.case_id for effect in rest] == [stuck.id]
    assert newest.case_id == second.id
