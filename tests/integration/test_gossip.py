"""A server that says in every way what it was sent: none of it comes through the door."""

import traceback

import pytest
from gossiping_server import TOOLS
from identities import free_port, running

import tools
from tools import Server, ToolError
from tools.registry import ServerEntry

CANARY = "canary-in-a-header"


@pytest.fixture(scope="module")
def address():
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    with running("gossiping_server.py", "--http", str(port), url=url):
        yield url


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_key_that_a_server_repeats_is_in_no_answer_and_no_traceback(address, tool, monkeypatch):
    monkeypatch.setenv("GOSSIP_KEY", CANARY)
    entry = ServerEntry(
        name="gossip",
        url=address,
        identity={"headers": {"X-Key": {"env": "GOSSIP_KEY"}}},
        sandbox=True,
        pinned=False,
        timeout_s=5,
        tools=dict.fromkeys(TOOLS, "read"),
    )

    try:
        heard = str(await Server(entry).call(tool))
    except ToolError as error:
        heard = "".join(traceback.format_exception(error))
    await tools.close()

    assert heard
    assert CANARY not in heard
