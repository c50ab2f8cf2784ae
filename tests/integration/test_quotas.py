"""Quotas in the ledger: what is reserved with an intent, kept, given back and refused."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import CheckViolation
from small_processes import small_registry

from server.engine.cases import start_case
from server.engine.ledger import PostgresLedger
from server.engine.quotas import Quotas
from server.engine.settlement import settle_effect
from server.storage.database import Database
from server.storage.effects import list_effects
from server.storage.quotas import Use, list_uses
from server.storage.runs import Claim, claim_run
from tools.errors import NotAllowed, NotSent, QuotaExceeded
from tools.ports import Call, Verdict

ALLOWED = Verdict(allowed=True, reason="a test")
PER_SUPPLIER = """
    [payments_per_supplier_and_day]
    tools = ["erp.schedule_payment"]
    amount = "arguments.amount"
    currency = "arguments.currency"
    per = ["arguments.supplier"]
    window = "{window}"
    limit = {{EUR = "{limit}", USD = "100.00"}}
"""


class Desk:
    """A case with a ledger, under quotas that stand in a file."""

    def __init__(self, database: Database, claim: Claim, folder: Path) -> None:
        self._database, self._claim, self._folder = database, claim, folder
        self.write("day", "100.00")
        self.ledger = self.new_ledger()

    def new_ledger(self) -> PostgresLedger:
        return PostgresLedger(self._database, self._claim, quotas=Quotas(self._folder))

    def write(self, window: str, limit: str, *, more: str = "") -> None:
        text = PER_SUPPLIER.format(window=window, limit=limit) + more
        (self._folder / "quotas.toml").write_text(text)

    async def pay(self, key: str, amount: str = "10.00", **arguments: Any) -> None:
        await self.ledger.begin(payment(key, amount=amount, **arguments), ALLOWED)

    async def passed(self, keys: list[str], amount: str = "10.00") -> int:
        """Pay under all the keys at once, and count those that were let through."""
        said = await asyncio.gather(*(self.pay(key, amount) for key in keys), return_exceptions=True)
        refused = [error for error in said if error is not None]
        assert all(isinstance(error, QuotaExceeded) for error in refused), refused
        return len(said) - len(refused)

    async def use(self, **subject: str) -> Use:
        async with self._database.connection() as connection:
            uses = await list_uses(connection, quota=None, after=None, limit=100)
        return next(use for use in uses if subject.items() <= use.subject.items())

    async def change(self, statement: str) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(statement.encode())


def payment(key: str, *, amount: str, **arguments: Any) -> Call:
    return Call(
        server="erp",
        tool="schedule_payment",
        arguments={"amount": amount, "currency": "EUR", "supplier": "S-1", **arguments},
        digest=amount,
        contract="keyed",
        key=key,
        sandbox=True,
        case="c",
        step="pay",
    )


@pytest.fixture
async def claim(database: Database) -> Claim:
    await start_case(database, small_registry().get("small"), input_={"item": "x"}, actor="anna", key=None)
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT id FROM runs")).fetchone()
        assert row is not None
        claim = await claim_run(connection, row["id"], worker=1)
    assert claim is not None
    return claim


@pytest.fixture
def desk(database: Database, claim: Claim, tmp_path: Path) -> Desk:
    return Desk(database, claim, tmp_path)


async def test_of_fifty_at_once_at_a_tenth_of_the_limit_exactly_ten_pass(desk: Desk) -> None:
    passed = await desk.passed([f"k{number}" for number in range(50)])

    use = await desk.use(supplier="S-1")
    assert (passed, use.used, use.in_flight) == (10, 100, 100)


async def test_calls_under_several_quotas_neither_block_each_other_nor_pass_one(desk: Desk) -> None:
    more = """
    [a_calls]
    tools = ["erp.schedule_payment"]
    window = "24h"
    limit = 7

    [z_ever]
    tools = ["erp.schedule_payment"]
    per = ["arguments.currency"]
    window = "ever"
    limit = 8
    """
    desk.write("month", "1000000.00", more=more)
    desk.ledger = desk.new_ledger()

    passed = await desk.passed([f"k{number}" for number in range(40)])

    assert passed == 7


async def test_a_refused_call_leaves_an_audit_entry_with_the_numbers_and_nothing_else(
    desk: Desk, database: Database, claim: Claim
) -> None:
    await desk.pay("k1", "90.00")

    with pytest.raises(
        QuotaExceeded, match=r"10\.01 of quota payments_per_supplier_and_day .*90\.00 of 100\.00"
    ):
        await desk.pay("k2", "10.01")

    async with database.connection() as connection:
        entries = await (
            await connection.execute(
                "SELECT object, detail FROM audit_entries WHERE action = 'effect_refused'"
            )
        ).fetchall()
        effects = await list_effects(connection, claim.case_id)
    assert [entry["object"] for entry in entries] == ["effect/k2"]
    assert entries[0]["detail"]["error"]["code"] == "tool_quota_exceeded"
    assert [effect.key for effect in effects] == ["k1"]


async def test_a_call_that_fills_a_quota_to_the_last_cent_passes(desk: Desk) -> None:
    await desk.pay("k1", "99.99")

    await desk.pay("k2", "0.01")

    assert (await desk.use(supplier="S-1")).used == 100


async def test_suppliers_and_currencies_are_counted_apart(desk: Desk) -> None:
    await desk.pay("k1", "100.00")

    await desk.pay("k2", "100.00", supplier="S-2")
    await desk.pay("k3", "100.00", currency="USD")

    assert (await desk.use(supplier="S-1", currency="USD")).used == 100


async def test_a_call_that_cannot_be_counted_does_not_leave(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="no limit in GBP"):
        await desk.pay("k1", currency="GBP")


async def test_a_repeat_of_an_effect_counts_once(desk: Desk) -> None:
    await desk.pay("k1", "60.00")

    await desk.pay("k1", "60.00")

    assert (await desk.use(supplier="S-1")).used == 60


async def test_what_certainly_did_not_happen_is_given_back_and_may_be_tried_again(desk: Desk) -> None:
    await desk.pay("k1", "60.00")
    await desk.ledger.fail("k1", NotSent("no connection"))
    given_back = (await desk.use(supplier="S-1")).used

    await desk.pay("k1", "70.00")

    assert (given_back, (await desk.use(supplier="S-1")).used) == (0, 70)


async def test_what_is_done_stays_used_and_is_in_flight_no_more(desk: Desk) -> None:
    await desk.pay("k1", "60.00")

    await desk.ledger.finish("k1", {"payment": "P-1"})

    use = await desk.use(supplier="S-1")
    assert (use.used, use.in_flight) == (60, 0)


async def test_an_answer_that_left_nothing_gives_back_what_it_took(desk: Desk) -> None:
    await desk.pay("k1", "60.00")

    await desk.ledger.finish("k1", {"status": "refused", "code": "already_scheduled"})

    assert (await desk.use(supplier="S-1")).used == 0


async def test_what_is_taken_back_is_given_back(desk: Desk, database: Database) -> None:
    await desk.pay("k1", "60.00")
    await desk.ledger.finish("k1", {"payment": "P-1"})
    undoing = Call(
        server="erp",
        tool="book_invoice",
        arguments={},
        digest="u",
        contract="keyed",
        key="k1/compensation",
        sandbox=True,
        case="c",
        step="undo",
        undoes="k1",
    )
    await desk.ledger.begin(undoing, ALLOWED)

    await desk.ledger.finish("k1/compensation", {"cancelled": True})

    assert (await desk.use(supplier="S-1")).used == 0


@pytest.mark.parametrize(("receipt", "used"), [({"payment": "P-1"}, "60.00"), (None, "0.00")])
async def test_an_operators_word_about_an_effect_keeps_or_gives_back_what_it_took(
    desk: Desk, database: Database, receipt: dict[str, Any] | None, used: str
) -> None:
    await desk.pay("k1", "60.00")
    await desk.change("UPDATE runs SET status = 'failed', ended_at = now()")

    await settle_effect(database, "k1", receipt=receipt, actor="olga", reason="looked there")

    assert (await desk.use(supplier="S-1")).used == Decimal(used)


async def test_a_limit_below_what_is_used_refuses_the_next_call_and_breaks_nothing(desk: Desk) -> None:
    await desk.pay("k1", "60.00")
    await desk.pay("k2", "30.00")
    desk.write("day", "50.00")
    desk.ledger = desk.new_ledger()

    with pytest.raises(QuotaExceeded, match=r"90\.00 of 50\.00"):
        await desk.pay("k3", "1.00")
    await desk.ledger.fail("k2", NotSent("no connection"))

    assert (await desk.use(supplier="S-1")).used == 60


async def test_a_day_that_is_over_counts_no_more(desk: Desk) -> None:
    await desk.pay("k1", "100.00")
    await desk.change(
        "UPDATE quota_uses SET begins_at = begins_at - interval '1 day', ends_at = ends_at - interval '1 day'"
    )

    await desk.pay("k2", "100.00")

    assert (await desk.use(supplier="S-1")).in_flight == 100


async def test_a_day_ends_at_midnight_of_its_zone(desk: Desk, database: Database) -> None:
    more = """
    [in_kiritimati]
    tools = ["erp.schedule_payment"]
    window = "day"
    zone = "Pacific/Kiritimati"
    limit = 5
    """
    desk.write("day", "100.00", more=more)
    desk.ledger = desk.new_ledger()

    await desk.pay("k1")

    async with database.connection() as connection:
        rows = await (
            await connection.execute(
                "SELECT (begins_at AT TIME ZONE 'Pacific/Kiritimati')::time::text AS begins,"
                " ends_at > now() AND begins_at <= now() AS runs, (ends_at - begins_at)::text AS length"
                " FROM quota_uses WHERE quota = 'in_kiritimati'"
            )
        ).fetchall()
    assert rows == [{"begins": "00:00:00", "runs": True, "length": "1 day"}]


async def test_what_was_reserved_a_day_ago_leaves_a_sliding_day(desk: Desk) -> None:
    desk.write("24h", "100.00")
    desk.ledger = desk.new_ledger()
    await desk.pay("k1", "60.00")
    await desk.pay("k2", "40.00")
    await desk.change(
        "UPDATE quota_reservations SET reserved_at = now() - interval '24 hours' WHERE effect = 'k1'"
    )
    shown = await desk.use(supplier="S-1")

    passed = await desk.passed(["k3", "k4"], "60.00")

    assert (shown.used, passed, (await desk.use(supplier="S-1")).used) == (40, 1, 100)


async def test_the_database_itself_lets_nothing_past_a_ceiling(desk: Desk) -> None:
    await desk.pay("k1", "60.00")

    with pytest.raises(CheckViolation):
        await desk.change("UPDATE quota_uses SET used = 100.01")


async def test_a_changed_file_counts_within_seconds_and_a_broken_one_lets_nothing_leave(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.pay("k1", "60.00")
    desk.write("day", "50.00")
    await asyncio.sleep(1.1)
    with pytest.raises(QuotaExceeded):
        await desk.pay("k2", "1.00")

    (tmp_path / "quotas.toml").write_text("[payments_per_supplier_and_day")
    await asyncio.sleep(1.1)

    with pytest.raises(NotAllowed, match="nothing is allowed before the quotas can be read"):
        await desk.pay("k3", "1.00")


async def test_a_file_that_is_gone_lets_nothing_leave(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "quotas.toml").unlink()
    await asyncio.sleep(1.1)

    with pytest.raises(NotAllowed, match="is gone"):
        await desk.pay("k1", "1.00")
