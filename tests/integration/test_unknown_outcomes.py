"""An effect whose answer is lost, late or an error, at systems that honour no key: once, or an incident."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from running_systems import System, running_systems
from transfers import AMOUNT, Order, door, effects_of, finished

import tools
from server.storage.cases import Case
from server.storage.database import Database
from tools.contracts import Lookup


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


def applied(system: System, reference: str) -> int:
    return len(system.books.find_transfers(reference))


async def transferred(database: Database, contract: str, *, reference: str, **changed: Any) -> Case:
    bank = door(contract, **changed)

    async def act(state: Order) -> dict[str, Any]:
        """Transfer once."""
        return {"receipts": [await bank.call("transfer", reference=state.reference, **AMOUNT)]}

    return await finished(database, act, reference=reference)


async def outcome(database: Database, case: Case) -> tuple[str, str | None, int]:
    (effect,) = await effects_of(database, case)
    return effect.status, effect.settled_by, effect.tries


@pytest.mark.parametrize("fault", ["lose_answer", "http_503_after", "rpc_error_after", "bad_answer"])
async def test_what_is_found_happened_and_is_not_called_again(database, systems, fault):
    systems["searchable"].books.set_fault(fault, times=1)

    case = await transferred(database, "searchable", reference=fault)

    assert case.status == "succeeded", case.error
    assert await outcome(database, case) == ("done", "lookup", 1)
    assert applied(systems["searchable"], fault) == 1


@pytest.mark.parametrize("fault", ["http_503", "rpc_error"])
async def test_what_is_not_found_twice_is_called_again(database, systems, fault):
    systems["searchable"].books.set_fault(fault, times=1)

    case = await transferred(database, "searchable", reference=fault)

    assert case.status == "succeeded", case.error
    assert await outcome(database, case) == ("done", "answer", 2)
    assert applied(systems["searchable"], fault) == 1


async def test_what_is_applied_after_the_deadline_is_found_by_a_later_look(database, systems):
    systems["searchable"].books.set_fault("delay", times=1, seconds=1.5)

    case = await transferred(database, "searchable", reference="late", timeout_s=0.5)

    assert await outcome(database, case) == ("done", "lookup", 1), case.error
    assert applied(systems["searchable"], "late") == 1


async def test_a_refusal_after_the_effect_is_found_out(database, systems):
    systems["searchable"].books.set_fault("refuse_after", times=1)

    case = await transferred(database, "searchable", reference="hasty no")

    assert await outcome(database, case) == ("done", "lookup", 1), case.error
    assert applied(systems["searchable"], "hasty no") == 1


@pytest.mark.parametrize(
    ("contract", "changed"),
    [("keyed", {}), ("searchable", {}), ("blind", {"refusals_are_final": True})],
)
async def test_a_refusal_that_can_be_believed_ends_the_effect(database, systems, contract, changed):
    systems[contract].books.set_fault("refuse", times=1)

    case = await transferred(database, contract, reference="honest no", **changed)

    assert (case.status, case.error and case.error["code"]) == ("incident", "tool_refused")
    assert await outcome(database, case) == ("failed", None, 1)
    assert applied(systems[contract], "honest no") == 0


@pytest.mark.parametrize(("fault", "count"), [("refuse", 0), ("refuse_after", 1), ("lose_answer", 1)])
async def test_a_blind_effect_of_unknown_outcome_goes_to_a_person(database, systems, fault, count):
    systems["blind"].books.set_fault(fault, times=1)

    case = await transferred(database, "blind", reference=f"blind {fault}")

    assert case.status == "incident"
    assert case.error is not None
    assert case.error["code"] == "tool_outcome_unknown"
    for part in ("blind.transfer", f"blind {fault}", "settle effect", str(case.id)):
        assert part in case.error["message"]
    assert await outcome(database, case) == ("intended", None, 1)
    assert applied(systems["blind"], f"blind {fault}") == count


async def test_what_is_found_more_than_once_goes_to_a_person(database, systems):
    for _ in range(2):
        await door("searchable").call("transfer", key="other", reference="double", **AMOUNT)
    systems["searchable"].books.set_fault("http_503", times=1)

    case = await transferred(database, "searchable", reference="double")

    assert case.error is not None
    assert "find_transfers finds it 2 times" in case.error["message"]
    assert await outcome(database, case) == ("intended", None, 1)
    assert applied(systems["searchable"], "double") == 2


async def test_a_look_up_does_not_take_another_effect_for_its_own(database, systems):
    bank = door("searchable")

    async def act(state: Order) -> dict[str, Any]:
        """Transfer twice under one reference."""
        for _ in range(2):
            await bank.call("transfer", reference=state.reference, **AMOUNT)
            systems["searchable"].books.set_fault("http_503", times=1)
        return {}

    case = await finished(database, act, reference="shared")

    assert case.error is not None
    assert "finds what" in case.error["message"]
    assert [effect.status for effect in await effects_of(database, case)] == ["done", "intended"]
    assert applied(systems["searchable"], "shared") == 1


async def test_a_look_up_that_answers_in_another_shape_leaves_the_effect_open(database, systems):
    lookup = Lookup(
        tool="find_transfers",
        arguments={"reference": "arguments.reference"},
        found="payments",
        settle_s=0.1,
    )
    systems["searchable"].books.set_fault("lose_answer", times=1)

    case = await transferred(database, "searchable", reference="shape", lookup=lookup)

    assert case.error is not None
    assert case.error["message"] == "find_transfers answered without payments"
    assert await outcome(database, case) == ("intended", None, 1)


async def test_a_call_without_what_a_look_up_asks_for_is_not_sent(database, systems):
    bank = door("searchable")

    async def act(state: Order) -> dict[str, Any]:
        """Transfer without a reference."""
        return {"receipts": [await bank.call("transfer", **AMOUNT)]}

    case = await finished(database, act, reference="nameless")

    assert case.error is not None
    assert case.error["code"] == "effect_reference_missing"
    assert await effects_of(database, case) == []
