"""Undoing an effect: once, by a tool that servers.toml names, and on the record of what it undoes."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from running_systems import System, running_systems
from transfers import AMOUNT, Order, door, effects_of, finished

import tools
from server.storage.database import Database
from tools import Server
from tools.errors import UnknownTool

CONTRACTS = ["keyed", "searchable", "blind"]


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, System]]:
    with running_systems(tmp_path_factory.mktemp("systems")) as systems:
        yield systems


@pytest.fixture(autouse=True)
async def reachable(systems: dict[str, System], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    for contract, system in systems.items():
        monkeypatch.setenv(f"{contract.upper()}_URL", system.url)
        system.books.clear_faults()
    yield
    await tools.close()


def cancellations(system: System, reference: str) -> int:
    statement = (
        "SELECT 1 FROM cancellations JOIN transfers ON transfers.id = transfer WHERE transfers.reference = ?"
    )
    return len(system.books.rows(statement, reference))


def undoing(bank: Server, *, times: int = 1, before_undoing: Any = None) -> Any:
    async def act(state: Order) -> dict[str, Any]:
        """Transfer, think better of it, and take it back."""
        receipt = await bank.call("transfer", reference=state.reference, **AMOUNT)
        if before_undoing:
            before_undoing()
        return {"receipts": [await bank.compensate("transfer", receipt) for _ in range(times)]}

    return act


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_an_effect_is_undone_once_however_often_it_is_asked_for(
    database: Database, systems: dict[str, System], contract: str
) -> None:
    case = await finished(database, undoing(door(contract), times=2), reference="undone")

    original, compensation = await effects_of(database, case)
    assert case.status == "succeeded", case.error
    assert (compensation.key, compensation.undoes) == (f"{original.key}/compensation", original.key)
    assert (original.compensated_at, compensation.compensated_at) == (compensation.ended_at, None)
    assert cancellations(systems[contract], "undone") == 1


async def test_a_lost_answer_to_the_undoing_is_looked_up(database, systems):
    def lose() -> None:
        systems["searchable"].books.set_fault("lose_answer", times=1)

    act = undoing(door("searchable"), before_undoing=lose)

    case = await finished(database, act, reference="lost undoing")

    original, compensation = await effects_of(database, case)
    assert (case.status, compensation.settled_by) == ("succeeded", "lookup"), case.error
    assert original.compensated_at is not None
    assert cancellations(systems["searchable"], "lost undoing") == 1


async def test_an_undoing_that_is_refused_leaves_the_effect_standing(database, systems):
    def refuse() -> None:
        systems["keyed"].books.set_fault("refuse", times=1)

    case = await finished(database, undoing(door("keyed"), before_undoing=refuse), reference="stands")

    original, compensation = await effects_of(database, case)
    assert (case.status, compensation.status) == ("incident", "failed")
    assert (original.status, original.compensated_at) == ("done", None)
    assert cancellations(systems["keyed"], "stands") == 0


async def test_another_cases_effect_is_not_undone(database, systems):
    receipts: list[dict[str, Any]] = []

    async def take(state: Order) -> dict[str, Any]:
        """Transfer."""
        receipts.append(await door("keyed").call("transfer", reference=state.reference, **AMOUNT))
        return {}

    async def undo(_state: Order) -> dict[str, Any]:
        """Take back what is somebody else's."""
        return {"receipts": [await door("keyed").compensate("transfer", receipts[0])]}

    await finished(database, take, reference="theirs")
    case = await finished(database, undo, reference="mine")

    assert case.error is not None
    assert case.error["code"] == "effect_unknown"
    assert cancellations(systems["keyed"], "theirs") == 0


async def test_what_nothing_undoes_cannot_be_undone():
    with pytest.raises(UnknownTool, match=r"names no tool that undoes keyed\.cancel_transfer"):
        await door("keyed").compensate("cancel_transfer", {"transfer": "T-1"})


async def test_without_a_host_the_receipt_is_enough(systems):
    receipt = await door("keyed").call("transfer", key="k", reference="no host", **AMOUNT)

    for _ in range(2):
        await door("keyed").compensate("transfer", receipt)

    assert cancellations(systems["keyed"], "no host") == 1
