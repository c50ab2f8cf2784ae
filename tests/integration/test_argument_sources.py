"""Arguments that need a witness: what a reading tool of the same case answered, and nobody else's word."""

from pathlib import Path
from typing import Any

import pytest
from office_books import OTHER, SUPPLIER, OfficeBooks
from offices import office, office_folder  # noqa: F401
from transfers import Order, effects_of, finished

from server.storage.cases import Case
from server.storage.database import Database
from tools import server
from tools.errors import NotSent

FORGED = "GB33BUKB20201555555555"
SALE = {"supplier": "S-1", "amount": "952.00"}


@pytest.fixture(autouse=True)
def books(request: pytest.FixtureRequest) -> OfficeBooks:
    books: OfficeBooks = request.getfixturevalue("office")
    return books


def paying(*reads: str, iban: str, **arguments: Any) -> Any:
    """A step that looks suppliers up, by name, and pays to the account."""
    door = server("office")

    async def act(state: Order) -> dict[str, Any]:
        """Look up and pay."""
        for name in reads:
            await door.call("find_supplier", name=name)
        paid = await door.call("pay", iban=iban, reference=state.reference, **{**SALE, **arguments})
        return {"receipts": [paid]}

    return act


async def paid(database: Database, *reads: str, iban: str, **arguments: Any) -> Case:
    return await finished(database, paying(*reads, iban=iban, **arguments), reference="RE-1")


async def test_the_account_of_the_master_data_is_paid_and_the_effect_says_where_it_came_from(
    database: Database, books: OfficeBooks
) -> None:
    case = await paid(database, "Bergmann", iban=SUPPLIER["iban"])

    assert case.status == "succeeded", case.error
    assert [call["iban"] for call in books.calls("pay")] == [SUPPLIER["iban"]]
    (effect,) = await effects_of(database, case)
    assert effect.sources == {"iban": "office.find_supplier:supplier.iban"}


REFUSED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "an account that stands on the document only": (["Bergmann"], {"iban": FORGED}),
    "the account of another supplier": (["Bergmann", "Keller"], {"iban": OTHER["iban"]}),
    "an account that was not looked up in this case": ([], {"iban": SUPPLIER["iban"]}),
    "an account that differs in a blank": (["Bergmann"], {"iban": SUPPLIER["iban"] + " "}),
    "a supplier that nobody looked up": (["Bergmann"], {"iban": SUPPLIER["iban"], "supplier": "S-9"}),
    "a list in the place of an account": (["Bergmann"], {"iban": [SUPPLIER["iban"]]}),
    "nothing in the place of an account": (["Bergmann"], {"iban": None}),
}


@pytest.mark.parametrize(("reads", "arguments"), REFUSED.values(), ids=REFUSED.keys())
async def test_nothing_is_paid_to(
    database: Database, books: OfficeBooks, reads: list[str], arguments: dict[str, Any]
) -> None:
    case = await paid(database, *reads, **arguments)

    assert case.status == "incident"
    assert case.error is not None
    assert case.error["code"] == "tool_not_allowed"
    assert (
        "its iban; it must be the latest answer of office.find_supplier:supplier.iban"
        in case.error["message"]
    )
    assert books.calls("pay") == []
    assert await effects_of(database, case) == []


async def test_a_refused_source_is_an_audit_entry(database: Database, books: OfficeBooks) -> None:
    case = await paid(database, iban=FORGED)

    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT detail FROM audit_entries WHERE case_id = %s AND action = 'source_unknown'", (case.id,)
        )
        (entry,) = await cursor.fetchall()
    assert (entry["detail"]["tool"], entry["detail"]["arguments"]) == ("office.pay", ["iban"])
    assert FORGED not in str(entry["detail"])


async def test_what_was_read_in_another_case_counts_for_nothing(
    database: Database, books: OfficeBooks
) -> None:
    await paid(database, "Bergmann", iban=SUPPLIER["iban"])

    case = await paid(database, iban=SUPPLIER["iban"])

    assert case.status == "incident"
    assert len(books.calls("pay")) == 1


async def test_the_latest_reading_goes_before_an_earlier_one(database: Database, books: OfficeBooks) -> None:
    door = server("office")

    async def act(state: Order) -> dict[str, Any]:
        """Look up, look up again after the account has changed, and pay to the old one."""
        await door.call("find_supplier", name="Bergmann")
        books.learn(suppliers=[{**SUPPLIER, "iban": OTHER["iban"]}])
        await door.call("find_supplier", name="Bergmann")
        await door.call("pay", iban=SUPPLIER["iban"], reference=state.reference, **SALE)
        return {}

    case = await finished(database, act, reference="RE-1")

    assert case.status == "incident"
    assert books.calls("pay") == []


async def age_sightings(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("UPDATE sightings SET seen_at = seen_at - interval '25 hours'")


async def test_a_reading_of_the_day_before_counts_no_more(database: Database, books: OfficeBooks) -> None:
    door = server("office")

    async def act(state: Order) -> dict[str, Any]:
        """Look up, wait for a day, and pay."""
        await door.call("find_supplier", name="Bergmann")
        await age_sightings(database)
        await door.call("pay", iban=SUPPLIER["iban"], reference=state.reference, **SALE)
        return {}

    case = await finished(database, act, reference="RE-1")

    assert case.status == "incident"
    assert books.calls("pay") == []


async def test_an_effect_whose_outcome_is_unknown_is_finished_after_its_witness_has_grown_old(
    database: Database, books: OfficeBooks
) -> None:
    door = server("office")
    tries = 0

    async def act(state: Order) -> dict[str, Any]:
        """Pay; the first time the outcome is lost, and the master data changes before the second."""
        nonlocal tries
        tries += 1
        if tries == 1:
            await door.call("find_supplier", name="Bergmann")
        receipt = await door.call("pay", iban=SUPPLIER["iban"], reference=state.reference, **SALE)
        if tries == 1:
            await age_sightings(database)
            async with database.transaction() as connection:
                await connection.execute("UPDATE effects SET status = 'intended', receipt = NULL")
            raise NotSent("the worker died")
        return {"receipts": [receipt]}

    case = await finished(database, act, reference="RE-1")

    assert case.status == "succeeded", case.error
    assert len(books.calls("pay")) == 1
    (effect,) = await effects_of(database, case)
    assert (effect.status, effect.sources) == ("done", {"iban": "office.find_supplier:supplier.iban"})


async def test_the_bundled_erp_gets_no_account_from_a_document(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    monkeypatch.delenv("ERP_URL", raising=False)
    erp = server("erp")

    async def act(_: Order) -> dict[str, Any]:
        """Pay to where the invoice says, as a careless process would."""
        await erp.call("find_supplier", vat_id="DE129273398")
        payment = {"entry": "JE-000001", "supplier": "S-1001", "currency": "EUR", "date": "2026-10-14"}
        await erp.call("schedule_payment", iban=FORGED, **payment)
        return {}

    case = await finished(database, act, reference="RE-1")

    assert case.error is not None
    assert (case.status, case.error["code"]) == ("incident", "tool_not_allowed")
