"""A step that books through the door: retried, crashed and run again, it books once."""

import asyncio
from typing import TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from tool_servers import INVOICE

import tools
from tools import RETRY, server
from tools.errors import NotSent
from tools.ports import Entry, install

erp = server("erp")


class State(TypedDict, total=False):
    """What the test's process carries."""

    entries: list[str]


DIED = RuntimeError("the worker died")


class CrashingLedger:
    """Keeps intents, and ends the run once where it should keep the outcome, as a killed worker would."""

    def __init__(self, crash=DIED):
        self.crash = crash
        self.keys = []
        self.states = []
        self.receipts = {}

    async def begin(self, call, verdict):
        entry = Entry("unfinished" if call.key in self.keys else "new")
        if call.key in self.receipts:
            entry = Entry("done", self.receipts[call.key])
        self.keys.append(call.key)
        self.states.append(entry.state)
        return entry

    async def repeat(self, key):
        assert key in self.keys

    async def finish(self, key, receipt, *, by="answer"):
        crash, self.crash = self.crash, None
        if crash:
            raise crash
        self.receipts[key] = receipt

    async def fail(self, key, error):
        raise AssertionError(f"{key} did happen")


@pytest.fixture(autouse=True)
async def books(tmp_path, monkeypatch):
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    monkeypatch.delenv("ERP_URL", raising=False)
    yield
    await tools.close()


def compiled(step):
    return (
        StateGraph(State)
        .add_node("book", step, retry_policy=RETRY)
        .add_edge(START, "book")
        .add_edge("book", END)
        .compile(checkpointer=InMemorySaver())
    )


async def book(_state: State) -> dict:
    answer = await erp.call("book_invoice", **INVOICE)
    return {"entries": [answer["entry"]]}


async def book_three(_state: State) -> dict:
    numbers = ("A", "B", "C")
    answers = await asyncio.gather(
        *(erp.call("book_invoice", **{**INVOICE, "number": number}) for number in numbers)
    )
    return {"entries": [answer["entry"] for answer in answers]}


def case(name):
    return {"configurable": {"thread_id": name}}


async def booked():
    return [entry["number"] for entry in (await erp.call("list_entries"))["entries"]]


async def test_a_step_that_crashed_between_effect_and_record_books_once():
    graph, ledger = compiled(book), CrashingLedger()
    with install(ledger=ledger):
        with pytest.raises(RuntimeError, match="the worker died"):
            await graph.ainvoke({}, case("c1"), durability="sync")

        state = await graph.ainvoke(None, case("c1"), durability="sync")

    assert await booked() == [INVOICE["number"]]
    assert state["entries"] == ["JE-000001"]
    assert ledger.states == ["new", "unfinished"]
    assert ledger.keys[0] == ledger.keys[1]
    assert ledger.keys[0].startswith("c1/book:")
    assert ledger.keys[0].endswith("/erp.book_invoice/1")


async def test_a_retried_step_calls_under_the_same_keys():
    graph, ledger = compiled(book_three), CrashingLedger(crash=NotSent("try again"))

    with install(ledger=ledger):
        await graph.ainvoke({}, case("c1"))

    assert sorted(await booked()) == ["A", "B", "C"]
    assert sorted(set(ledger.keys)) == sorted(ledger.keys[:3])
    assert [key.rsplit("/", 1)[1] for key in ledger.keys[:3]] == ["1", "2", "3"]


async def test_two_cases_have_keys_of_their_own():
    graph, ledger = compiled(book), CrashingLedger(crash=None)

    with install(ledger=ledger):
        await graph.ainvoke({}, case("c1"))
        await graph.ainvoke({}, case("c2"))

    assert len(set(ledger.keys)) == 2
    assert len(await booked()) == 1, "the second is refused as a duplicate"


async def test_an_error_that_is_not_of_the_tools_is_not_retried():
    graph, ledger = compiled(book), CrashingLedger(crash=OSError("disk full"))

    with install(ledger=ledger), pytest.raises(OSError, match="disk full"):
        await graph.ainvoke({}, case("c1"))

    assert len(ledger.keys) == 1
