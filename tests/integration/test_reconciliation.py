"""Comparing the ledger with the systems of record: each side's gaps are found, and nothing else."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running_systems import System, running_systems
from transfers import AMOUNT, ENTRIES, Order, door, effects_of, finished

import tools
from server.engine.reconciliation import Reconciliation, reconcile
from server.storage.cases import Case
from server.storage.database import Database
from server.storage.runs import enqueue_run
from tools.contracts import Record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the systems have their files."""
    return tmp_path_factory.mktemp("systems")


@pytest.fixture(scope="module")
def systems(folder: Path) -> Iterator[dict[str, System]]:
    with running_systems(folder) as systems:
        yield systems


@pytest.fixture(autouse=True)
async def reachable(
    systems: dict[str, System], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    for contract, system in systems.items():
        monkeypatch.setenv(f"{contract.upper()}_URL", system.url)
        system.books.clear_faults()
        forget(folder, contract)
    yield
    await tools.close()


async def transferred(database: Database, contract: str, *, reference: str = "r") -> Case:
    async def act(state: Order) -> dict[str, Any]:
        """Transfer once."""
        receipt = await door(contract).call("transfer", reference=state.reference, **AMOUNT)
        return {"receipts": [receipt]}

    return await finished(database, act, reference=reference)


async def compared(database: Database, *contracts: str, since: Any = None) -> Reconciliation:
    return await reconcile(database, [ENTRIES[contract] for contract in contracts], since=since)


def told(report: Reconciliation) -> list[tuple[str, str]]:
    return [(one.kind, one.server) for one in report.differences]


def forget(folder: Path, contract: str) -> None:
    """Let a system lose what it did, as after the restore of an old backup."""
    with closing(sqlite3.connect(folder / f"{contract}.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM transfers")


async def test_what_both_sides_know_is_no_difference(database: Database) -> None:
    for contract in ("keyed", "searchable", "blind"):
        await transferred(database, contract)

    report = await compared(database, "keyed", "searchable", "blind")

    assert report.is_clean
    counts = [(one.server, one.compared, one.not_comparable) for one in report.servers]
    assert counts == [("keyed", 1, 0), ("searchable", 1, 0), ("blind", 0, 1)]


@pytest.mark.parametrize("contract", ["keyed", "searchable"])
async def test_what_the_system_lost_is_missing(database: Database, folder: Path, contract: str) -> None:
    case = await transferred(database, contract)
    forget(folder, contract)

    report = await compared(database, contract)

    (effect,) = await effects_of(database, case)
    (difference,) = report.differences
    assert (difference.kind, difference.key, difference.case_id) == ("missing", effect.key, case.id)
    assert not report.is_clean


async def test_what_the_ledger_lost_is_unknown(database: Database) -> None:
    await door("keyed").call("transfer", key="of a lost day", reference="r", **AMOUNT)

    report = await compared(database, "keyed")

    assert [(one.kind, one.key, one.tool) for one in report.differences] == [
        ("unknown", "of a lost day", None)
    ]


async def test_every_page_of_a_record_is_read(
    database: Database, systems: dict[str, System], folder: Path
) -> None:
    with closing(sqlite3.connect(folder / "keyed.sqlite3")) as connection, connection:
        connection.executemany(
            "INSERT INTO transfers (reference, amount, currency, key, arrived_at, applied_at)"
            " VALUES ('r', '1', 'EUR', ?, 0, ?)",
            [(f"k{number}", number) for number in range(1001)],
        )

    report = await compared(database, "keyed")

    assert len({one.key for one in report.differences}) == 1001


async def test_what_failed_in_the_ledger_and_happened_all_the_same_is_found(
    database: Database, systems: dict[str, System]
) -> None:
    systems["keyed"].books.set_fault("refuse_after", times=1)
    await transferred(database, "keyed")

    report = await compared(database, "keyed")

    assert told(report) == [("denied", "keyed")]


async def test_what_the_system_did_twice_is_found(database: Database) -> None:
    await transferred(database, "searchable")
    await door("searchable").call("transfer", key="by hand", reference="r", **AMOUNT)

    report = await compared(database, "searchable")

    assert told(report) == [("repeated", "searchable")]


async def test_an_effect_of_unknown_outcome_is_listed_until_a_run_is_at_it_again(
    database: Database, systems: dict[str, System]
) -> None:
    systems["blind"].books.set_fault("lose_answer", times=1)
    case = await transferred(database, "blind")

    at_rest = await compared(database, "blind")
    async with database.transaction() as connection:
        await enqueue_run(connection, case.id, kind="retry")
    under_way = await compared(database, "blind")

    assert told(at_rest) == [("unsettled", "blind")]
    assert under_way.is_clean


async def test_only_effects_since_a_moment_are_compared(database: Database, folder: Path) -> None:
    await transferred(database, "searchable", reference="early")
    later = await transferred(database, "searchable", reference="late")
    forget(folder, "searchable")
    (effect,) = await effects_of(database, later)

    report = await compared(database, "searchable", since=effect.intended_at)

    assert [one.case_id for one in report.differences] == [later.id]


async def test_a_server_that_does_not_answer_is_named_and_the_others_are_compared(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYED_URL", "http://127.0.0.1:9/mcp")
    await transferred(database, "searchable")

    report = await compared(database, "keyed", "searchable")

    keyed, searchable = report.servers
    assert keyed.error is not None
    assert (searchable.compared, searchable.error) == (1, None)
    assert not report.is_clean


@pytest.mark.parametrize(
    ("receipt", "listed"),
    [({"status": "refused", "code": "x"}, False), ({"status": "booked"}, True), ({}, True)],
)
def test_a_receipt_says_whether_something_was_left_there(receipt: dict[str, Any], listed: bool) -> None:
    record = Record(tool="list_keys", rows="keys", key="key", left_nothing={"status": "refused"})

    assert record.lists(receipt) is listed
    assert Record(tool="list_keys", rows="keys", key="key").lists(receipt)
