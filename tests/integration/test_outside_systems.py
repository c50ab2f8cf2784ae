"""The outside systems of the gauntlet: what they record is what they did, also when the answer is lost."""

from collections.abc import AsyncIterator, Iterator

import pytest
from running_systems import HERE, System, running_systems

import tools
from tools import Server
from tools.errors import BadAnswer, ConnectionLost, OutcomeUnknown, ToolRefused
from tools.registry import load_servers

ENTRIES = load_servers(HERE / "servers.toml")
TRANSFER = {"amount": "10.00", "currency": "EUR"}


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, System]]:
    with running_systems(tmp_path_factory.mktemp("systems")) as systems:
        yield systems


@pytest.fixture(autouse=True)
async def reachable(systems: dict[str, System], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    for contract, system in systems.items():
        monkeypatch.setenv(f"{contract.upper()}_URL", system.url)
    yield
    await tools.close()


def keys(system: System, reference: str) -> list[str | None]:
    rows = system.books.rows("SELECT key FROM transfers WHERE reference = ?", reference)
    return [row["key"] for row in rows]


@pytest.mark.parametrize(("contract", "applied"), [("keyed", 1), ("searchable", 2), ("blind", 2)])
async def test_only_a_keyed_system_knows_a_repeat(systems, contract, applied):
    door = Server(ENTRIES[contract])
    first = await door.call("transfer", key="k1", reference="twice", **TRANSFER)

    second = await door.call("transfer", key="k1", reference="twice", **TRANSFER)

    assert keys(systems[contract], "twice") == ["k1"] * applied
    assert (first == second) == (applied == 1)


@pytest.mark.parametrize(
    ("fault", "error", "applied"),
    [
        ("lose_answer", OutcomeUnknown, 1),
        ("http_503", OutcomeUnknown, 0),
        ("http_503_after", OutcomeUnknown, 1),
        ("rpc_error", BadAnswer, 0),
        ("rpc_error_after", BadAnswer, 1),
        ("refuse", ToolRefused, 0),
        ("refuse_after", ToolRefused, 1),
        ("bad_answer", BadAnswer, 1),
    ],
)
async def test_a_fault_strikes_where_it_says(systems, fault, error, applied):
    systems["keyed"].books.set_fault(fault, times=1)

    with pytest.raises(error) as raised:
        await Server(ENTRIES["keyed"]).call("transfer", key=fault, reference=fault, **TRANSFER)

    assert keys(systems["keyed"], fault) == [fault] * applied
    assert fault != "lose_answer" or isinstance(raised.value.__cause__, ConnectionLost)


async def test_a_searchable_system_finds_what_it_did(systems):
    door = Server(ENTRIES["searchable"])
    done = await door.call("transfer", key="k1", reference="found", **TRANSFER)

    found = await door.call("find_transfers", reference="found")
    listed = await door.call("list_transfers")

    assert found["transfers"] == [done]
    assert listed["transfers"][-1] == done


async def test_a_redirected_call_arrives(systems, monkeypatch):
    monkeypatch.setenv("BLIND_URL", f"{systems['blind'].url}/")

    done = await Server(ENTRIES["blind"]).call("transfer", key="k1", reference="moved", **TRANSFER)

    assert done["reference"] == "moved"
