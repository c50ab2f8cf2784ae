"""The stop switch against cases that have one effect after the other in a real tool server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel
from tool_servers import permissive, unreliable

import tools
from server.engine.actions import Action
from server.engine.cases import start_case
from server.engine.interventions import Intervention, intervene
from server.engine.registry import Registry, as_process
from server.engine.stops import StopSwitch, Target, release, stop
from server.engine.worker import Worker
from server.errors import BadRequest, NotFound, NotPermitted, StopInForce, Stopped
from server.storage.cases import get_case
from server.storage.database import Database
from server.storage.runs import Claim
from server.storage.stops import insert_stop
from tools.door import Server
from tools.ports import Call

NOTES = 60
NOTE_S = 0.03  # so that the notes outlast a worker's look for runs that must not go on


class Tale(BaseModel):
    """What the case carries: how many notes were taken."""

    taken: int = 0
    result: str = ""


def stream_registry(folder: Path) -> Registry:
    """A process that takes one note after the other in a tool server."""
    server = Server(unreliable(folder))

    async def note(state: Tale) -> dict[str, Any]:
        """Take a note."""
        await server.call("note")
        await asyncio.sleep(NOTE_S)
        return {"taken": state.taken + 1}

    builder = (
        StateGraph(Tale)
        .add_node(note)
        .add_edge(START, "note")
        .add_conditional_edges("note", lambda state: "note" if state.taken < NOTES else END, ["note", END])
    )
    return Registry([as_process("stream", builder, doc="Notes.", store=None)])


class Stream:
    """A case under way in a worker, and what the tool server wrote down of it."""

    def __init__(self, database: Database, registry: Registry, folder: Path) -> None:
        self.database, self.registry, self._notes = database, registry, folder / "notes"
        self.case_id: UUID

    async def begin(self) -> None:
        case, _ = await start_case(
            self.database, self.registry.get("stream"), input_={}, actor="anna", key=None
        )
        self.case_id = case.id
        await self.until(lambda: self.notes() >= 3)

    def notes(self) -> int:
        return len(self._notes.read_text().splitlines()) if self._notes.exists() else 0

    async def status(self) -> str:
        async with self.database.connection() as connection:
            return (await get_case(connection, self.case_id)).status

    async def run(self) -> dict[str, Any]:
        async with self.database.connection() as connection:
            row = await (await connection.execute("SELECT * FROM runs")).fetchone()
        assert row is not None
        return row

    async def held(self) -> None:
        """Return when the run waits; a test that never gets here ends by its time-out."""
        async with asyncio.timeout(60):
            while (await self.run())["status"] != "waiting":  # noqa: ASYNC110  the database is asked
                await asyncio.sleep(0.05)

    async def ended(self) -> None:
        async with asyncio.timeout(60):
            while await self.status() != "succeeded":  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def look(self) -> None:
        """Let the worker look for something to do twice, by its own clock."""
        await asyncio.sleep(2.5)

    async def do(self, action: Action) -> None:
        await intervene(
            self.database,
            self.registry,
            self.case_id,
            intervention=Intervention(action, "a test"),
            actor="olga",
        )


@pytest.fixture
async def stream(database: Database, tmp_path: Path) -> AsyncIterator[Stream]:
    registry = stream_registry(tmp_path)
    async with working(database, registry):
        stream = Stream(database, registry, tmp_path)
        await stream.begin()
        yield stream
    await tools.close()


@asynccontextmanager
async def working(database: Database, registry: Registry) -> AsyncIterator[None]:
    task = asyncio.create_task(
        Worker(database, registry, concurrency=2, policies=permissive(unreliable(Path()))).run()
    )
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("scope", ["all", "process", "tool"])
async def test_a_stop_lets_no_effect_leave_until_it_is_released(
    database: Database, stream: Stream, scope: str
) -> None:
    value = {"all": "", "process": "stream", "tool": "unreliable.note"}[scope]
    async with database.transaction() as connection:
        made = await insert_stop(connection, scope=scope, value=value, reason="a test", actor="olga")
    await stream.held()
    taken = stream.notes()
    await stream.look()

    assert (stream.notes(), await stream.status()) == (taken, "running")
    assert taken < NOTES
    await release(database, made.id, reason="over", actor="olga")
    await stream.ended()
    assert stream.notes() == NOTES


async def test_a_suspended_case_rests_after_its_step_and_goes_on_when_resumed(stream: Stream) -> None:
    await stream.do("suspend")
    await stream.held()
    taken = stream.notes()
    await stream.look()

    assert (stream.notes(), await stream.status()) == (taken, "suspended")
    await stream.do("resume")
    await stream.ended()
    assert stream.notes() == NOTES


async def test_a_cancelled_case_has_no_effect_any_more(database: Database, stream: Stream) -> None:
    await stream.do("cancel")
    await stream.look()
    taken = stream.notes()
    await stream.look()

    assert (stream.notes(), await stream.status()) == (taken, "cancelled")
    assert taken < NOTES
    assert (await stream.run())["status"] == "cancelled"


def registry(folder: Path) -> Registry:
    return stream_registry(folder)


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        ("all", "everything"),
        ("tenant", ""),
        ("process", "strem"),
        ("server", "epr"),
        ("tool", "erp"),
        ("tool", "erp.pay"),
    ],
)
async def test_a_stop_of_nothing_that_exists_is_refused(
    database: Database, tmp_path: Path, scope: Any, value: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await stop(database, registry(tmp_path), Target(scope, value), reason="a test", actor="olga")

    assert refused.value.field == "value"


async def test_the_same_is_not_stopped_twice_until_it_was_released(
    database: Database, tmp_path: Path
) -> None:
    target, known = Target("tool", "erp.book_invoice"), registry(tmp_path)
    first = await stop(database, known, target, reason="a test", actor="olga")

    with pytest.raises(StopInForce):
        await stop(database, known, target, reason="again", actor="otto")

    released = await release(database, first.id, reason="over", actor="otto")
    assert (released.stopped_by, released.released_by) == ("olga", "otto")
    assert (await release(database, first.id, reason="over", actor="anna")).released_by == "otto"
    await stop(database, known, target, reason="again", actor="otto")


async def test_the_runtime_itself_neither_stops_nor_releases(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        await stop(database, registry(tmp_path), Target("all", ""), reason="a test", actor="steward")


async def test_an_unknown_stop_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await release(database, UUID(int=0), reason="over", actor="olga")


async def test_a_stop_leaves_reading_and_other_tools_alone(database: Database, tmp_path: Path) -> None:
    known = registry(tmp_path)
    case, _ = await start_case(database, known.get("stream"), input_={}, actor="anna", key=None)
    claim = Claim(case.id, case.id, "start", "stream", "", 1, True, 1, {}, None, {}, "anna")
    made = await stop(database, known, Target("server", "erp"), reason="a test", actor="olga")
    switch = StopSwitch(database, claim)

    for server, contract in (("erp", "read"), ("bank", "keyed")):
        call = Call(server, "t", {}, "d", contract, "k", sandbox=True, case="c", step="s")  # type: ignore[arg-type]
        await switch.check(call)

    booking = Call("erp", "t", {}, "d", "keyed", "k", sandbox=True, case="c", step="s")
    with pytest.raises(Stopped) as refused:
        await switch.check(booking)
    assert refused.value.stop == made.id
