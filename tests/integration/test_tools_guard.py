"""The guard at the door: asked about every call, and again before one that is repeated."""

import pytest
from memory_ledger import Memory, notes
from tool_servers import approve_all, unreliable

import tools
from tools import Server
from tools.errors import NotAllowed, OutcomeUnknown
from tools.ports import NOBODY, Caller, Verdict, install


class Refusal:
    """A guard that refuses everything and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    async def decide(self, call):
        self.asked.append(call)
        return Verdict(allowed=False, reason="closed today")


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture
def ledger():
    ledger = Memory()
    with install(ledger=ledger):
        yield ledger


async def test_a_refused_permission_sends_nothing_and_begins_nothing(tmp_path, ledger):
    guard = Refusal()

    with install(guard=guard), pytest.raises(NotAllowed, match="closed today"):
        await Server(unreliable(tmp_path)).call("note", key="k1", text="a")

    assert (guard.asked[0].tool, guard.asked[0].arguments) == ("note", {"text": "a"})
    assert (guard.asked[0].contract, guard.asked[0].key) == ("keyed", "k1")
    assert ledger.told == []
    assert notes(tmp_path) == []


class ChangeOfMind:
    """A guard that allows once."""

    def __init__(self):
        self.asked = 0

    async def decide(self, call):
        self.asked += 1
        return Verdict(allowed=self.asked == 1, reason="closed meanwhile")


async def test_the_guard_is_asked_again_before_an_effect_is_tried_again(tmp_path, ledger):
    (tmp_path / "die").touch()
    door = Server(unreliable(tmp_path))
    with pytest.raises(OutcomeUnknown):
        await door.call("note", key="k1")

    with install(guard=ChangeOfMind()), pytest.raises(NotAllowed, match="closed meanwhile"):
        await door.call("note", key="k1")

    assert ledger.told == ["begin", "begin"]


async def test_the_guard_is_asked_about_reads_too(tmp_path):
    with install(guard=Refusal()), pytest.raises(NotAllowed):
        await Server(unreliable(tmp_path)).call("wait")


async def test_without_a_host_no_effect_reaches_a_server_that_is_no_sandbox(tmp_path):
    entry = unreliable(tmp_path, sandbox=False, file=tmp_path / "servers.toml")
    await approve_all(entry)
    door = Server(entry)

    with pytest.raises(NotAllowed, match="no sandbox"):
        await door.call("note", key="k1")

    assert notes(tmp_path) == []


async def test_the_guard_learns_for_whom_the_call_is_made(tmp_path):
    guard, caller = Refusal(), Caller("anna", "process/stream", "stream")

    with install(guard=guard, caller=caller), pytest.raises(NotAllowed):
        await Server(unreliable(tmp_path)).call("note", key="k1")

    assert guard.asked[0].caller == caller


async def test_outside_a_host_nobody_calls(tmp_path):
    guard = Refusal()

    with install(guard=guard), pytest.raises(NotAllowed):
        await Server(unreliable(tmp_path)).call("note", key="k1")

    assert guard.asked[0].caller == NOBODY == Caller(None, "nobody", None)
