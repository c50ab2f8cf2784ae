"""Decisions are kept, each once, and a case decides to its end by the text that it began under."""

from typing import Any
from uuid import UUID

import pytest
from deciding_process import DAY, euros, layered_with_overlay, outlay_process, outlay_table
from langgraph.checkpoint.memory import InMemorySaver
from test_adoption import adopt, at_work, run_all
from test_runner import case_of, only_review

from rules import decide, list_tables, load_layers, restore_layers
from server.engine.case_migrations import MigrationOrder, carry_out, start_migration, undo_migration
from server.engine.cases import answer_review, start_case
from server.engine.history import read_history
from server.engine.migration_plan import Plan
from server.engine.registry import Process, Registry
from server.errors import TableChanged
from server.storage.database import Database
from server.storage.decisions import RecordedDecision, get_table, list_decisions, save_tables

OLD, NEW = outlay_process(outlay_table()), outlay_process(outlay_table("2", limit=1000))


async def begun(database: Database, process: Process, facts: dict[str, Any]) -> UUID:
    """A case that has decided once and waits."""
    await at_work(database, process)
    async with database.transaction() as connection:
        await save_tables(connection, process.tables)
    case, _ = await start_case(database, process, input_={"facts": facts}, actor="anna", key=None)
    await run_all(database, process)
    return case.id


async def answer(database: Database, case_id: UUID, outcome: str) -> None:
    review = await only_review(database, case_id)
    await answer_review(database, review.id, answer={"outcome": outcome}, actor="ben")


async def decisions_of(database: Database, case_id: UUID) -> list[RecordedDecision]:
    async with database.transaction() as connection:
        return await list_decisions(connection, case_id)


async def route_of(database: Database, process: Process, case_id: UUID) -> str:
    values = (await read_history(database, process, case_id)).values
    route: str = values["decision"]["outcome"]["route"]
    return route


async def test_a_decision_is_kept_with_its_facts_its_rule_and_the_text_of_its_table(
    database: Database,
) -> None:
    case_id = await begun(database, OLD, euros("480.00"))

    (kept,) = await decisions_of(database, case_id)
    async with database.transaction() as connection:
        stored = await get_table(connection, kept.text_digest)

    assert (kept.table_id, kept.kind, str(kept.as_of), kept.facts) == (
        "outlay",
        "decision",
        DAY,
        euros("480.00"),
    )
    assert (kept.said["rule"], kept.said["outcome"]) == ("R1", {"route": "ask"})
    again = decide(restore_layers(stored.sources).table(), kept.facts, as_of=kept.as_of)
    assert again.basis.facts_digest == kept.facts_digest
    assert again.as_json()["outcome"] == kept.said["outcome"]


async def test_each_time_that_a_step_decides_is_kept_and_a_repeat_of_it_is_not(database: Database) -> None:
    case_id = await begun(database, OLD, euros("480.00"))
    await answer(database, case_id, "again")
    await run_all(database, OLD)

    kept = await decisions_of(database, case_id)

    assert len(kept) == 2
    assert kept[0].step != kept[1].step
    assert kept[0].facts_digest == kept[1].facts_digest


async def test_an_escalation_is_kept_with_the_facts_that_no_table_could_read(database: Database) -> None:
    case_id = await begun(database, OLD, {"amount": "480.00", "urgent": None})

    (kept,) = await decisions_of(database, case_id)

    assert (kept.kind, kept.said["inputs"]) == ("invalid_input", ["amount"])
    assert kept.facts == {"amount": "480.00", "urgent": None}


async def test_a_case_decides_to_its_end_by_the_text_that_it_began_under(database: Database) -> None:
    case_id = await begun(database, OLD, euros("480.00"))
    await answer(database, case_id, "again")

    await adopt(database, NEW)
    await run_all(database, NEW)

    assert (await case_of(database, case_id)).version == NEW.version
    assert [one.digest for one in await decisions_of(database, case_id)] == [OLD.tables[0].digest] * 2
    assert await route_of(database, NEW, case_id) == "ask"


async def test_a_case_that_nobody_has_begun_decides_by_the_text_of_its_start(database: Database) -> None:
    await at_work(database, OLD)
    async with database.transaction() as connection:
        await save_tables(connection, OLD.tables)
    case, _ = await start_case(database, OLD, input_={"facts": euros("480.00")}, actor="anna", key=None)

    await adopt(database, NEW)
    await run_all(database, NEW)

    assert [one.text_digest for one in await decisions_of(database, case.id)] == [OLD.tables[0].digest]


async def test_a_case_that_begins_after_a_change_decides_by_the_new_text(database: Database) -> None:
    await begun(database, OLD, euros("480.00"))

    case_id = await begun(database, NEW, euros("480.00"))

    assert await route_of(database, NEW, case_id) == "pay"


async def test_a_migrated_case_decides_by_the_new_text(database: Database) -> None:
    case_id = await begun(database, OLD, euros("480.00"))
    order = MigrationOrder(OLD.version, Plan(steps={"ask": "decide"}), limit=10)
    await start_migration(database, NEW, order, reason="the new limit", actor="olga")

    await carry_out(database, Registry([NEW]))
    await run_all(database, NEW)
    (before, after) = await decisions_of(database, case_id)

    assert await route_of(database, NEW, case_id) == "pay"
    assert (before.digest, after.digest) == (OLD.tables[0].digest, NEW.tables[0].digest)


async def test_a_migration_that_is_undone_gives_a_case_its_table_back(database: Database) -> None:
    case_id = await begun(database, OLD, euros("480.00"))
    order = MigrationOrder(OLD.version, Plan(), limit=10)
    migration = await start_migration(database, NEW, order, reason="the new limit", actor="olga")
    await carry_out(database, Registry([NEW]))

    await undo_migration(database, migration.id, reason="too early", actor="olga")
    await carry_out(database, Registry([OLD]))
    await answer(database, case_id, "again")
    await adopt(database, NEW)
    await run_all(database, NEW)

    assert {one.digest for one in await decisions_of(database, case_id)} == {OLD.tables[0].digest}


async def test_a_case_from_before_pins_the_table_that_it_meets_first(database: Database) -> None:
    await at_work(database, OLD)
    case, _ = await start_case(database, OLD, input_={"facts": euros("480.00")}, actor="anna", key=None)
    async with database.transaction() as connection:
        await connection.execute("UPDATE cases SET tables = '{}'")
    await run_all(database, OLD)
    await answer(database, case.id, "again")

    await adopt(database, NEW)
    await run_all(database, NEW)

    assert {one.digest for one in await decisions_of(database, case.id)} == {OLD.tables[0].digest}


async def test_a_version_of_a_table_with_other_content_is_refused(database: Database) -> None:
    async with database.transaction() as connection:
        await save_tables(connection, [outlay_table()])

    with pytest.raises(TableChanged, match=r"outlay\.yaml: version 1 has had other content since 2"):
        async with database.transaction() as connection:
            await save_tables(connection, [outlay_table(limit=101)])


async def test_a_version_of_an_overlay_with_other_content_is_refused(database: Database) -> None:
    first, changed = (layered_with_overlay(word) for word in ("ask", "pay"))
    async with database.transaction() as connection:
        await save_tables(connection, [outlay_table(), first])

    with pytest.raises(TableChanged, match=r"east\.yaml: version 1 has had other content"):
        async with database.transaction() as connection:
            await save_tables(connection, [changed])


async def test_a_decision_under_an_overlay_is_restored_with_it(database: Database) -> None:
    process = outlay_process(layered_with_overlay("ask"), region="east")
    case_id = await begun(database, process, euros("5.00"))

    (kept,) = await decisions_of(database, case_id)
    async with database.transaction() as connection:
        stored = await get_table(connection, kept.text_digest)

    table = restore_layers(stored.sources).table_with([one["id"] for one in kept.said["overlays"]])
    assert kept.said["outcome"] == {"route": "ask"}
    assert table.digest == kept.digest
    assert decide(table, kept.facts, as_of=kept.as_of).as_json()["outcome"] == {"route": "ask"}


async def test_outside_a_host_a_step_decides_by_the_file_and_keeps_nothing() -> None:
    builder = NEW.graph.builder
    thread: Any = {"configurable": {"thread_id": "case-1"}}

    state = await builder.compile(checkpointer=InMemorySaver()).ainvoke({"facts": euros("480.00")}, thread)

    assert state["decision"]["outcome"] == {"route": "pay"}


def test_a_table_is_restored_from_its_sources_as_it_was() -> None:
    for name in list_tables():
        table = load_layers(name)

        restored = restore_layers(table.sources)

        assert restored.digest == table.digest
        assert list(restored.tables()) == list(table.tables())
