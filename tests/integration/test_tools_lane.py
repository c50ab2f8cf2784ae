"""How many calls a server gets at once, when it gets none, and how seldom it is tried again."""

import asyncio
from dataclasses import replace

import pytest
from tool_servers import unreliable, unreliable_over

import tools
from tools import Server
from tools.errors import NotAllowed, NotSent, ServerUnavailable, ToolRefused
from tools.ports import Call, Verdict, install
from tools.sessions import pool


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture
def away(tmp_path, monkeypatch, free_port):
    """The fields of an entry for a server at a port where nothing listens yet."""
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    return {"url_env": "UNRELIABLE_URL", "timeout_s": 5}


def call(tool="refuse", **fields):
    read = Call("unreliable", tool, {}, "", "read", key=None, sandbox=True, case="c", step="s")
    return replace(read, **fields)


async def send(entry, of):
    async with pool.turn(entry, of) as turn:
        return await turn.send()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


def under_way():
    return [(state.under_way, state.waiting) for state in pool.states()]


async def test_a_call_waits_until_one_of_those_under_way_has_ended(tmp_path):
    door = Server(unreliable(tmp_path, concurrency=2))
    holding = [asyncio.create_task(door.call("hold")) for _ in range(2)]
    third = asyncio.create_task(door.call("note", key="k1"))
    await until(lambda: under_way() == [(2, 1)])
    await asyncio.sleep(0.2)

    noted_meanwhile = (tmp_path / "notes").exists()
    (tmp_path / "release").touch()
    await asyncio.gather(*holding, third)

    assert not noted_meanwhile
    assert third.result()["count"] == 1
    assert under_way() == [(0, 0)]


class ClosedMeanwhile:
    """A guard that allows until it is told otherwise."""

    allowed = True

    async def decide(self, call):
        return Verdict(allowed=self.allowed, reason="closed meanwhile")


async def test_an_effect_that_waited_for_its_place_asks_the_guard_again(tmp_path):
    entry, guard = unreliable(tmp_path, concurrency=1), ClosedMeanwhile()
    with install(guard=guard):
        async with pool.turn(entry, call()):
            noting = asyncio.create_task(Server(entry).call("note", key="k1"))
            await until(lambda: under_way() == [(1, 1)])
            guard.allowed = False

        with pytest.raises(NotAllowed, match="closed meanwhile"):
            await noting

    assert not (tmp_path / "notes").exists()


async def test_a_call_without_a_place_in_time_is_not_sent(tmp_path):
    entry = unreliable(tmp_path, concurrency=1, timeout_s=0.3)

    async with pool.turn(entry, call()):
        with pytest.raises(
            ServerUnavailable, match=r"no place was free within 0\.3 s, 1 calls being under way"
        ):
            await Server(entry).call("refuse")


async def test_a_server_that_hangs_does_not_delay_another(tmp_path):
    hanging, other = tmp_path / "hanging", tmp_path / "other"
    hanging.mkdir()
    other.mkdir()
    stuck = Server(unreliable(hanging, concurrency=1))
    waiting = [asyncio.create_task(stuck.call("wait")) for _ in range(3)]
    await until(lambda: under_way() == [(1, 2)])

    answer = await Server(unreliable(other, concurrency=1)).call("note", key="k1")

    assert answer["count"] == 1
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_server_that_is_away_is_left_alone_and_found_again(tmp_path, free_port, away):
    entry = unreliable(tmp_path, **away, breaker={"failures": 2})
    for _ in range(2):
        with pytest.raises(NotSent, match="cannot be reached"):
            await send(entry, call())

    with pytest.raises(ServerUnavailable, match="left alone for a while: unreliable cannot be reached"):
        await send(entry, call())
    opened = pool.states()[0].breaker
    with unreliable_over("http", tmp_path, free_port):
        await until(lambda: pool.states()[0].breaker == "half_open")
        with pytest.raises(ToolRefused):
            await send(entry, call())

        assert (opened, pool.states()[0].breaker) == ("open", "closed")


async def test_refusals_do_not_open_the_breaker(tmp_path):
    entry = unreliable(tmp_path, breaker={"failures": 1})

    for _ in range(2):
        with pytest.raises(ToolRefused):
            await send(entry, call("refuse"))

    assert pool.states()[0].breaker == "closed"


async def test_a_step_that_failed_here_is_not_repeated_without_end(tmp_path, free_port, away):
    entry = unreliable(tmp_path, **away, concurrency=1, breaker={"failures": 100})
    with pytest.raises(NotSent):
        await send(entry, call())
    for attempt in (2, 3, 4):
        with pytest.raises(NotSent, match="cannot be reached"):
            await send(entry, call(attempt=attempt))

    with unreliable_over("http", tmp_path, free_port):
        with pytest.raises(ServerUnavailable, match="tried again too often"):
            await send(entry, call(attempt=5))
        with pytest.raises(ToolRefused):
            await send(entry, call(attempt=5, step="that has not failed here"))
        with pytest.raises(ToolRefused):
            await send(entry, call(attempt=1))
