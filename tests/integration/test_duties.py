"""Separation of duties over business objects, across cases, in the ledger."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from psycopg.types.json import Jsonb
from small_processes import small_registry

from server.engine.cases import start_case
from server.engine.duties import FILE, Duties
from server.engine.ledger import PostgresLedger
from server.engine.settlement import settle_effect
from server.errors import StartRefused
from server.storage.database import Database
from server.storage.runs import Claim, claim_run
from tools.errors import DutiesConflict, NotAllowed, NotSent
from tools.ports import Call, Caller, Verdict
from tools.registry import VARIABLE, our_servers

ALLOWED = Verdict(allowed=True, reason="a test")
SEPARATION = """
    [booking_and_payment]
    object = "journal_entry"
    duties = ["book", "pay"]
    parts = {parts}
"""
BOTH = ["initiator", "approver"]
BOOKED = {"status": "booked", "entry": "JE-000001"}


class House:
    """Cases of several people, under one file of duties."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self.separate(BOTH)

    def separate(self, parts: list[str]) -> None:
        (self._folder / "duties.toml").write_text(SEPARATION.format(parts=parts))

    async def case(self, person: str) -> "Desk":
        process = small_registry().get("small")
        case, _ = await start_case(self._database, process, input_={"item": "x"}, actor=person, key=None)
        async with self._database.transaction() as connection:
            row = await (
                await connection.execute("SELECT id FROM runs WHERE case_id = %s", (case.id,))
            ).fetchone()
            assert row is not None
            claim = await claim_run(connection, row["id"], worker=1)
        assert claim is not None
        return Desk(self._database, claim, Duties(self._folder), person)

    async def booked_by(self, person: str, *, approver: str | None = None) -> None:
        desk = await self.case(person)
        if approver:
            await desk.answered(approver, duty="book")
        await desk.book()

    async def spread(self, connections: int) -> None:
        """Open as many connections as will be needed at once; the pool opens them one after the other."""
        sleeping = (self.rows("SELECT pg_sleep(0.3)") for _ in range(connections))
        await asyncio.gather(*sleeping)

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        async with self._database.connection() as connection:
            return await (await connection.execute(statement.encode())).fetchall()


class Desk:
    """One case of one person."""

    def __init__(self, database: Database, claim: Claim, duties: Duties, person: str) -> None:
        self._database, self.claim, self._person = database, claim, person
        self.ledger = PostgresLedger(database, claim, duties=duties)

    def call(self, tool: str, **arguments: Any) -> Call:
        return Call(
            server="erp",
            tool=tool,
            arguments=arguments,
            digest="d",
            contract="keyed",
            key=f"{self.claim.case_id}/{tool}",
            sandbox=True,
            case=str(self.claim.case_id),
            step=tool,
            caller=Caller(self._person, "process/small", "small"),
        )

    async def book(self, receipt: dict[str, Any] = BOOKED) -> None:
        call = self.call("book_invoice", number="RE-1")
        await self.ledger.begin(call, ALLOWED)
        await self.ledger.finish(call.key or "", receipt)

    async def pay(self, entry: Any = "JE-000001", *, verdict: Verdict = ALLOWED) -> None:
        await self.ledger.begin(self.call("schedule_payment", entry=entry), verdict)

    async def answered(self, person: str, *, duty: str | None, kind: str | None = None) -> None:
        """A question of this case was answered, about one duty or about all."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO reviews (id, case_id, interrupt_id, status, question, body, answer, answered_by,"
                " answered_at) VALUES (gen_random_uuid(), %s, gen_random_uuid()::text, 'answered', 'May I?',"
                " %s, '{}', %s, now())",
                (self.claim.case_id, Jsonb({"duty": duty, "kind": kind}), person),
            )


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def test_who_booked_an_entry_may_not_pay_it_in_another_case_weeks_later(
    house: House, database: Database
) -> None:
    await house.booked_by("anna")
    async with database.transaction() as connection:
        await connection.execute("UPDATE duties SET at = at - interval '5 weeks'")

    with pytest.raises(DutiesConflict, match="anna have a part in book and pay of journal_entry JE-000001"):
        await (await house.case("anna")).pay()


async def test_somebody_else_may_pay_it(house: House) -> None:
    await house.booked_by("anna")

    await (await house.case("ben")).pay()

    assert await house.rows("SELECT duty, person FROM duties ORDER BY duty") == [
        {"duty": "book", "person": "anna"},
        {"duty": "pay", "person": "ben"},
    ]


async def test_the_same_person_may_pay_another_entry(house: House) -> None:
    await house.booked_by("anna")

    await (await house.case("anna")).pay("JE-000002")


async def test_who_approved_the_booking_may_not_approve_the_payment(house: House) -> None:
    house.separate(["approver"])
    await house.booked_by("carl", approver="anna")
    desk = await house.case("carl")
    await desk.answered("anna", duty="pay")

    with pytest.raises(DutiesConflict, match="anna"):
        await desk.pay()


async def test_who_approved_the_very_call_is_its_approver(house: House) -> None:
    house.separate(["approver"])
    await house.booked_by("carl", approver="anna")
    desk = await house.case("carl")
    await desk.answered("ben", duty="pay")

    with pytest.raises(DutiesConflict, match="anna"):
        await desk.pay(verdict=replace(ALLOWED, approved_by=("anna", "ben")))


async def test_only_the_parts_that_the_rule_names_count(house: House) -> None:
    house.separate(["approver"])
    await house.booked_by("carl", approver="anna")
    desk = await house.case("carl")
    await desk.answered("ben", duty="pay")

    await desk.pay()

    assert len(await house.rows("SELECT 1 AS one FROM duties WHERE duty = 'pay'")) == 2


async def test_an_answer_about_another_duty_or_another_call_is_no_part_in_this_one(house: House) -> None:
    house.separate(["approver"])
    await house.booked_by("carl", approver="anna")
    desk = await house.case("carl")
    await desk.answered("anna", duty="book")
    await desk.answered("anna", duty=None, kind="call")

    await desk.pay()


async def test_an_answer_about_no_duty_in_particular_is_a_part_in_every_duty(house: House) -> None:
    await house.booked_by("carl", approver="anna")
    desk = await house.case("ben")
    await desk.answered("anna", duty=None)

    with pytest.raises(DutiesConflict, match="anna"):
        await desk.pay()


async def test_a_case_that_does_both_for_one_person_is_stopped_at_the_second(house: House) -> None:
    desk = await house.case("anna")
    await desk.book()

    with pytest.raises(DutiesConflict):
        await desk.pay()

    [refused] = await house.rows("SELECT object, detail FROM audit_entries WHERE action = 'effect_refused'")
    assert refused["detail"]["error"]["code"] == "tool_duties_conflict"
    assert await house.rows("SELECT key FROM effects WHERE tool = 'schedule_payment'") == []


@pytest.mark.parametrize("receipt", [{"status": "refused", "entry": None}, {"status": "booked"}])
async def test_what_left_no_object_is_nobodys_duty_there(house: House, receipt: dict[str, Any]) -> None:
    await (await house.case("anna")).book(receipt)

    await (await house.case("anna")).pay()


async def test_what_certainly_did_not_happen_is_nobodys_duty(house: House) -> None:
    desk = await house.case("anna")
    await desk.pay()
    await desk.ledger.fail(desk.call("schedule_payment").key or "", NotSent("no connection"))

    assert await house.rows("SELECT effect FROM duties") == []


async def test_an_operators_word_names_the_object_too(house: House, database: Database) -> None:
    desk = await house.case("anna")
    call = desk.call("book_invoice")
    await desk.ledger.begin(call, ALLOWED)
    async with database.transaction() as connection:
        await connection.execute("UPDATE runs SET status = 'failed', ended_at = now()")

    await settle_effect(database, call.key or "", receipt=BOOKED, actor="olga", reason="looked there")

    assert await house.rows("SELECT object_id FROM duties") == [{"object_id": "JE-000001"}]


@pytest.fixture
def suppliers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server whose tools name their object in the call, both."""
    (tmp_path / "servers.toml").write_text(
        "[crm]\ncommand = ['true']\nsandbox = true\ntimeout_s = 1\n"
        "[crm.tools.create]\ncontract = 'keyed'\nduty = 'create'\nobjects = {x = 'arguments.supplier'}\n"
        "[crm.tools.release]\ncontract = 'keyed'\nduty = 'release'\nobjects = {x = 'arguments.supplier'}\n"
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path / "servers.toml"))
    our_servers.cache_clear()
    yield
    our_servers.cache_clear()


@pytest.mark.usefixtures("suppliers")
async def test_of_many_calls_at_once_only_those_of_one_duty_leave(house: House, tmp_path: Path) -> None:
    (tmp_path / "duties.toml").write_text("[a]\nobject = 'x'\nduties = ['create', 'release']")
    desk = await house.case("anna")
    calls = [
        replace(desk.call(tool, supplier="S-9"), server="crm", key=f"{tool}{number}")
        for number in range(10)
        for tool in ("create", "release")
    ]

    said = await asyncio.gather(*(desk.ledger.begin(call, ALLOWED) for call in calls), return_exceptions=True)

    assert [type(one) for one in said].count(DutiesConflict) == 10
    assert len(await house.rows("SELECT DISTINCT duty FROM duties")) == 1


@pytest.mark.parametrize("entry", [None, "", ["JE-000001"], True])
async def test_a_call_that_names_no_object_does_not_leave(house: House, entry: Any) -> None:
    with pytest.raises(NotAllowed, match="needed to know whose pay this is"):
        await (await house.case("anna")).pay(entry)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\nobject = 'x'\nduties = ['book']", r"\[a\], field duties"),
        ("[a]\nobject = 'x'\nduties = ['book', 'pay']\nparts = ['boss']", r"\[a\], field parts"),
        ("[a]\nduties = ['book', 'pay']", r"\[a\], field object"),
        ("[a]\nobject = 'x'\nduties = ['book', 'pay']\nwho = 1", r"\[a\], field who"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_table_and_field(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "duties.toml").write_text(text)

    with pytest.raises(StartRefused, match=said):
        Duties(tmp_path)


def test_the_separation_that_the_documentation_shows_can_be_used(tmp_path: Path) -> None:
    shown = (ROOT / "docs" / "duties.md").read_text("utf-8").split("```toml\n")[2].partition("```")[0]
    (tmp_path / FILE).write_text(shown)

    [separation] = Duties(tmp_path).separations()

    assert (separation.object, separation.parts) == ("journal_entry", ["approver"])


def test_nothing_is_separated_before_a_house_says_so() -> None:
    assert Duties().separations() == []
