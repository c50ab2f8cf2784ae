"""A session with a server: what reaches the server when nobody waits any more, and what reaches us."""

import asyncio
import os
import signal

import pytest
from langgraph.graph import END, START, StateGraph
from memory_ledger import Memory
from proxies import Proxy, Trouble
from tool_servers import unreliable, unreliable_over
from typing_extensions import TypedDict

import tools
from tools import Server
from tools.errors import DeadlineExceeded, NotSent
from tools.ports import install
from tools.sessions.session import Session


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture(params=["stdio", "http"])
def running(request, tmp_path, monkeypatch, free_port):
    """The fields of an entry for a server that can be reached, over either transport."""
    if request.param == "http":
        monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    with unreliable_over(request.param, tmp_path, free_port):
        yield {"url_env": "UNRELIABLE_URL"}


@pytest.fixture
def over_http(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    with unreliable_over("http", tmp_path, free_port):
        yield {"url_env": "UNRELIABLE_URL"}


def cancelled(folder):
    return (folder / "cancelled").read_text().split() if (folder / "cancelled").exists() else []


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


async def test_the_server_learns_that_its_caller_was_cancelled(tmp_path, running):
    door = Server(unreliable(tmp_path, **running))
    await door.call("note", key="k1")
    pid = (tmp_path / "pid").read_text()
    calling = asyncio.create_task(door.call("wait"))
    await asyncio.sleep(0.3)

    calling.cancel()
    await until(lambda: cancelled(tmp_path) == ["wait"])

    assert (await door.call("note", key="k2"))["count"] == 2, "the session lives on"
    assert (tmp_path / "pid").read_text() == pid


async def test_the_server_learns_that_the_deadline_has_passed(tmp_path, over_http):
    door = Server(unreliable(tmp_path, **over_http, timeout_s=2))
    await door.call("note", key="k1")
    late = asyncio.create_task(door.call("wait"))
    await asyncio.sleep(1)
    other = asyncio.create_task(door.call("wait_too"))  # it keeps the session open a second longer

    with pytest.raises(DeadlineExceeded, match="within 2 s"):
        await late
    await until(lambda: "wait" in cancelled(tmp_path))

    assert not other.done()
    with pytest.raises(DeadlineExceeded):
        await other


async def test_a_server_that_died_while_nobody_called_is_replaced_before_the_ledger_is_asked(tmp_path):
    door = Server(unreliable(tmp_path, "blind"))
    await door.call("note", key="k1")
    pid = (tmp_path / "pid").read_text()

    class Watching(Memory):
        """A ledger that looks which server is there when it is asked."""

        async def begin(self, call, verdict):
            self.seen = (tmp_path / "pid").read_text()
            return await super().begin(call, verdict)

    os.kill(int(pid), signal.SIGKILL)
    await until(lambda: not tools.sessions.pool.states()[0].connected)
    with install(ledger=Watching()):
        ledger = tools.ports.current_ledger()
        await door.call("note", key="k2")

    assert ledger.told == ["begin", "finish"]
    assert ledger.seen != pid


async def test_a_connection_that_hangs_after_idleness_is_noticed_before_a_call_leaves(
    tmp_path, monkeypatch, free_port
):
    proxy = Proxy(("127.0.0.1", free_port), rng=None)
    async with proxy.listening():
        monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{proxy.port}/mcp")
        with unreliable_over("http", tmp_path, free_port):
            session = Session(unreliable(tmp_path, url_env="UNRELIABLE_URL", timeout_s=1), None, idle_s=0)
            await session.open()
            await session.open()
            proxy.trouble = Trouble(half_open=True)

            with pytest.raises(NotSent, match="has gone away while nobody called"):
                await session.open()

            assert not session.usable
            await asyncio.wait({session.owner})  # it says farewell, in vain, and not for long


class State(TypedDict, total=False):
    """What the test's process carries."""

    count: int


async def test_progress_reaches_whoever_follows_the_case(tmp_path, running):
    door = Server(unreliable(tmp_path, **running))

    async def count(_state: State) -> dict:
        return {"count": (await door.call("count_to_three"))["count"]}

    graph = StateGraph(State).add_node(count).add_edge(START, "count").add_edge("count", END).compile()

    told = [part async for part in graph.astream({}, stream_mode="custom")]

    assert [one["tool_progress"] for one in told] == [
        {"tool": "unreliable.count_to_three", "progress": n, "total": 3.0, "message": f"“step {n:.0f}”"}
        for n in (1.0, 2.0, 3.0)
    ]


async def test_tools_are_listed_anew_when_the_server_says_that_they_changed(tmp_path, running):
    entry = unreliable(tmp_path, **running, pinned=False)
    before = (await tools.sessions.pool.open_session(entry)).names

    await Server(entry).call("grow")

    for _ in range(300):
        if "grown" in (after := (await tools.sessions.pool.open_session(entry)).names):
            break
        await asyncio.sleep(0.01)
    assert set(after) - set(before) == {"grown"}
