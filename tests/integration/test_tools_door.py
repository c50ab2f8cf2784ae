"""The door, against real tool servers that behave and one that does not."""

import asyncio
import os
import subprocess
import sys

import pytest
from memory_ledger import Memory, notes
from tool_servers import INVOICE, ROOT, erp_over_http, unreliable, unreliable_over

import tools
from tools import Server, server
from tools.errors import (
    BadAnswer,
    ConnectionLost,
    DeadlineExceeded,
    EffectConflict,
    KeyMissing,
    NotSent,
    OutcomeUnknown,
    ToolRefused,
    UnknownTool,
)
from tools.once import SEND_WITHIN_S
from tools.ports import install

erp = server("erp")


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture
def ledger():
    ledger = Memory()
    with install(ledger=ledger):
        yield ledger


@pytest.fixture(params=["stdio", "http"])
def running_erp(request, tmp_path, monkeypatch):
    """The ERP under the name that servers.toml gives it, over either transport."""
    database = tmp_path / "erp.sqlite3"
    monkeypatch.setenv("ERP_DATABASE", str(database))
    if request.param == "stdio":
        monkeypatch.delenv("ERP_URL", raising=False)
        yield
    else:
        with erp_over_http(database) as (_, url):
            monkeypatch.setenv("ERP_URL", url)
            yield


async def test_a_call_returns_the_structured_answer(running_erp):
    answer = await erp.call("find_supplier", vat_id="DE129273398")

    assert answer["supplier"]["id"] == "S-1001"


async def test_a_consequential_call_with_a_key_happens_once(running_erp):
    first = await erp.call("book_invoice", key="k1", **INVOICE)

    second = await erp.call("book_invoice", key="k1", **INVOICE)

    assert (first["repeated"], second["repeated"]) == (False, True)
    assert first["entry"] == second["entry"]


async def test_many_tasks_share_one_session(running_erp):
    answers = await asyncio.gather(*(erp.call("get_order", number="PO-2026-0001") for _ in range(30)))

    assert {answer["order"]["number"] for answer in answers} == {"PO-2026-0001"}


async def test_a_finished_effect_is_answered_from_the_ledger(tmp_path, ledger):
    door = Server(unreliable(tmp_path))
    first = await door.call("note", key="k1")

    second = await door.call("note", key="k1")

    assert first == second == {"count": 1, "repeated": False, "key_argument": "k1"}
    assert ledger.told == ["begin", "finish", "begin"]


async def test_a_key_with_other_arguments_is_a_conflict_before_anything_is_sent(tmp_path, ledger):
    door = Server(unreliable(tmp_path))
    await door.call("note", key="k1", text="a")

    with pytest.raises(EffectConflict):
        await door.call("note", key="k1", text="b")


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_keyed_call_whose_server_dies_before_answering_is_repeated_to_one_effect(
    tmp_path, ledger, transport, monkeypatch, free_port
):
    (tmp_path / "die").touch()
    if transport == "http":
        monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    door = Server(unreliable(tmp_path, url_env="UNRELIABLE_URL"))

    with unreliable_over(transport, tmp_path, free_port), pytest.raises(OutcomeUnknown) as lost:
        await door.call("note", key="k1")
    with unreliable_over(transport, tmp_path, free_port):
        answer = await door.call("note", key="k1")

    assert lost.value.repeatable
    assert "did not answer within" not in str(lost.value), "a broken answer is known at once"
    assert answer["repeated"] is True
    assert notes(tmp_path) == ["k1"]
    assert ledger.told == ["begin", "begin", "repeat", "finish"]


async def test_a_blind_effect_left_unfinished_is_not_called_again(tmp_path, ledger):
    (tmp_path / "die").touch()
    door = Server(unreliable(tmp_path, "blind"))

    with pytest.raises(OutcomeUnknown) as lost:
        await door.call("note", key="k1")
    with pytest.raises(OutcomeUnknown, match="no outcome was written down") as again:
        await door.call("note", key="k1")

    assert not lost.value.repeatable
    assert not again.value.repeatable
    assert notes(tmp_path) == ["k1"]
    assert ledger.told == ["begin", "begin"]


@pytest.mark.parametrize(("contract", "argument"), [("keyed", "k1"), ("blind", None)])
async def test_only_a_keyed_tool_gets_the_key_as_an_argument(tmp_path, contract, argument):
    answer = await Server(unreliable(tmp_path, contract)).call("note", key="k1")

    assert answer["key_argument"] == argument


@pytest.fixture
def impatient(tmp_path, monkeypatch, free_port):
    """A door that waits for two seconds, to a server that runs already: a start may take longer."""
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    with unreliable_over("http", tmp_path, free_port):
        yield Server(unreliable(tmp_path, url_env="UNRELIABLE_URL", timeout_s=2))


async def test_a_late_answer_to_an_effect_leaves_it_unfinished(tmp_path, ledger, impatient):
    with pytest.raises(OutcomeUnknown, match="did not answer within 2 s"):
        await impatient.call("note_slowly", key="k1")

    assert notes(tmp_path) == ["k1"]
    assert ledger.told == ["begin"]


async def test_a_late_answer_to_a_read_is_transient(impatient):
    with pytest.raises(DeadlineExceeded) as late:
        await impatient.call("wait")

    assert late.value.kind == "transient"


async def test_a_server_that_dies_under_a_read_is_transient_and_replaced(tmp_path):
    door = Server(unreliable(tmp_path))

    with pytest.raises(ConnectionLost) as lost:
        await door.call("die")
    answer = await door.call("note", key="k1")

    assert lost.value.kind == "transient"
    assert answer["count"] == 1


async def test_a_cancelled_effect_is_left_unfinished(tmp_path, ledger):
    calling = asyncio.create_task(Server(unreliable(tmp_path)).call("note_slowly", key="k1"))
    while not notes(tmp_path):  # noqa: ASYNC110  another process writes them
        await asyncio.sleep(0.05)

    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling

    assert ledger.told == ["begin"]


async def test_a_refused_effect_did_not_happen(tmp_path, ledger):
    with pytest.raises(ToolRefused, match="no pencil"):
        await Server(unreliable(tmp_path)).call("note_refused", key="k1")

    assert ledger.told == ["begin", "fail tool_refused"]


async def test_an_error_in_the_middle_of_an_effect_leaves_it_unfinished(tmp_path, ledger):
    with pytest.raises(BadAnswer, match="ink everywhere") as broken:
        await Server(unreliable(tmp_path)).call("note_broken", key="k1")

    assert not broken.value.repeatable
    assert ledger.told == ["begin"]


async def test_an_effect_on_an_unreachable_server_did_not_happen(tmp_path, ledger, monkeypatch, free_port):
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")

    with pytest.raises(NotSent, match="unreliable") as unsent:
        await Server(unreliable(tmp_path, url_env="UNRELIABLE_URL")).call("note", key="k1")

    assert unsent.value.kind == "transient"
    assert ledger.told == ["begin", "fail tool_not_sent"]


async def test_a_failure_to_send_again_says_nothing_about_the_first_try(
    tmp_path, ledger, monkeypatch, free_port
):
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    door = Server(unreliable(tmp_path, url_env="UNRELIABLE_URL"))
    (tmp_path / "die").touch()
    with unreliable_over("http", tmp_path, free_port), pytest.raises(OutcomeUnknown):
        await door.call("note", key="k1")

    with pytest.raises(NotSent):
        await door.call("note", key="k1")

    assert ledger.told == ["begin", "begin", "repeat"]


class SlowMemory(Memory):
    """A ledger whose word arrives late, as in a process that was frozen meanwhile."""

    async def begin(self, call, verdict):
        entry = await super().begin(call, verdict)
        await asyncio.sleep(SEND_WITHIN_S + 0.2)
        return entry


async def test_on_the_ledgers_old_word_a_keyed_call_is_sent(tmp_path):
    with install(ledger=SlowMemory()):
        await Server(unreliable(tmp_path)).call("note", key="k1")

    assert notes(tmp_path) == ["k1"]


async def test_on_the_ledgers_old_word_no_other_call_is_sent(tmp_path):
    with install(ledger=SlowMemory()), pytest.raises(NotSent, match="held up"):
        await Server(unreliable(tmp_path, "blind")).call("note", key="k1")

    assert notes(tmp_path) == []


async def test_a_finished_effect_is_answered_though_its_server_is_away(
    tmp_path, ledger, monkeypatch, free_port
):
    first = await Server(unreliable(tmp_path, "blind")).call("note", key="k1")
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")

    second = await Server(unreliable(tmp_path, "blind", url_env="UNRELIABLE_URL")).call("note", key="k1")

    assert first == second


async def test_a_command_that_does_not_exist_is_not_sent(tmp_path):
    with pytest.raises(NotSent, match="no-such-server"):
        await Server(unreliable(tmp_path, command=["no-such-server"])).call("wait")


async def test_a_server_that_never_opens_a_session_is_not_sent(tmp_path):
    entry = unreliable(tmp_path, command=["sleep", "60"], timeout_s=0.5)

    with pytest.raises(NotSent, match=r"within 0\.5 s"):
        await Server(entry).call("wait")


async def test_a_restarted_server_goes_unnoticed_by_the_next_call(tmp_path, monkeypatch, free_port):
    monkeypatch.setenv("UNRELIABLE_URL", f"http://127.0.0.1:{free_port}/mcp")
    door = Server(unreliable(tmp_path, url_env="UNRELIABLE_URL"))
    with unreliable_over("http", tmp_path, free_port):
        await door.call("note", key="k1")

    with unreliable_over("http", tmp_path, free_port):
        answer = await door.call("note", key="k2")

    assert answer["count"] == 2


@pytest.mark.parametrize(
    ("tool", "message"),
    [("wrong", "count"), ("bare", "without structured content")],
)
async def test_an_answer_that_is_not_as_promised_is_an_error(tmp_path, tool, message):
    with pytest.raises(BadAnswer, match=message):
        await Server(unreliable(tmp_path)).call(tool)


async def test_an_unlisted_tool_cannot_be_called():
    with pytest.raises(UnknownTool, match="drop_everything"):
        await erp.call("drop_everything")


async def test_a_listed_tool_that_the_server_lacks_is_unknown(tmp_path):
    with pytest.raises(UnknownTool, match="does not offer 'vanished'"):
        await Server(unreliable(tmp_path)).call("vanished")


async def test_a_consequential_call_outside_a_case_needs_a_key():
    with pytest.raises(KeyMissing, match="pass key="):
        await erp.call("book_invoice", **INVOICE)


def test_loops_come_and_go_without_a_word(tmp_path):
    program = """
import asyncio
from tools import server
asyncio.run(server("erp").call("get_order", number="PO-2026-0001"))
asyncio.run(server("erp").call("get_order", number="PO-2026-0001"))
"""
    environment = {**os.environ, "ERP_DATABASE": str(tmp_path / "erp.sqlite3"), "PYTHONPATH": str(ROOT)}
    environment.pop("ERP_URL", None)

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
