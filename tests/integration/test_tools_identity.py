"""How we present ourselves to a tool server: secrets that the file of servers only refers to."""

import os
import socket

import pytest
from changing_tools import PROGRAM, calls, entry_of, offer, tool
from pydantic import ValidationError
from tool_servers import started, wait_for

import tools
from tools import Server
from tools.errors import NotSent
from tools.registry import ServerEntry

CANARY = "canary-7d1f"
OPEN = {"pinned": False}


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture
def address(tmp_path):
    """The address of a running server that offers `look`."""
    offer(tmp_path, tool("look"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with started(str(PROGRAM), str(tmp_path), "--http", str(port)) as (_, url):
        wait_for(port)
        yield url


def over_http(folder, address, **reference) -> ServerEntry:
    identity = {"headers": {"X-Key": reference}}
    return entry_of(folder, url=address, command=[], identity=identity, **OPEN)


async def test_a_header_comes_from_the_environment_with_its_scheme(tmp_path, address, monkeypatch):
    monkeypatch.setenv("CRM_KEY", CANARY)

    answer = await Server(over_http(tmp_path, address, env="CRM_KEY", scheme="Bearer")).call("look")

    assert answer["key"] == " ".join(f"Bearer {CANARY}")


async def test_a_key_that_was_rotated_in_its_file_is_the_one_of_the_next_call(tmp_path, address):
    secret = tmp_path / "key"
    secret.write_text("old\n")
    door = Server(over_http(tmp_path, address, file=str(secret)))
    before = await door.call("look")
    secret.write_text("new\n")
    os.utime(secret, (1, 1))

    after = await door.call("look")

    assert (before["key"], after["key"]) == ("o l d", "n e w")


async def test_a_started_server_sees_the_variable_that_is_named_and_no_other(tmp_path, monkeypatch):
    offer(tmp_path, tool("look"))
    (tmp_path / "token").write_text(CANARY)
    identity = {"variables": {"TOKEN": {"file": str(tmp_path / "token")}}}

    with_it = await Server(entry_of(tmp_path, identity=identity, **OPEN)).call("look")
    monkeypatch.setenv("TOKEN", CANARY)
    without = await Server(entry_of(tmp_path, **OPEN)).call("look")

    assert (with_it["token"], without["token"]) == (" ".join(CANARY), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "one line of printable ASCII"),
        (f"{CANARY}\nX-Other: 1", "one line"),
        (f"{CANARY}\u00e9", "ASCII"),
    ],
)
async def test_a_secret_that_cannot_be_used_is_named_and_not_shown(tmp_path, address, content, message):
    secret = tmp_path / "key"
    if content is not None:
        secret.write_text(content)

    with pytest.raises(NotSent, match=message) as unsent:
        await Server(over_http(tmp_path, address, file=str(secret))).call("look")

    assert f"header X-Key: file {secret}" in str(unsent.value)
    assert CANARY not in str(unsent.value)
    assert calls(tmp_path) == []


async def test_a_variable_that_is_not_set_is_named(tmp_path, address):
    with pytest.raises(NotSent, match="header X-Key: variable CRM_KEY is not set"):
        await Server(over_http(tmp_path, address, env="CRM_KEY")).call("look")


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({"headers": {"X-Key": CANARY}}, "valid dictionary"),
        ({"headers": {"X-Key": {}}}, "either env or file"),
        ({"headers": {"X-Key": {"env": "A", "file": "b"}}}, "either env or file"),
        ({"headers": {"X-Key": {"env": "A", "scheme": f"Bearer {CANARY}"}}}, "scheme"),
        ({"headers": {"Mcp-Session-Id": {"env": "A"}}}, "the transport itself sets"),
        ({"headers": {"X Key": {"env": "A"}}}, "match"),
        ({"variables": {"TOKEN": {"env": "A"}}}, "only a server that is started"),
    ],
)
def test_an_identity_that_cannot_be_is_refused(tmp_path, identity, message):
    with pytest.raises(ValidationError, match=message):
        entry_of(tmp_path, url="https://crm.test/mcp", command=[], identity=identity)


def test_how_we_present_ourselves_is_told_without_a_secret(tmp_path):
    entry = over_http(tmp_path, "https://crm.test/mcp", env="CRM_KEY")

    assert entry.identity.described == "header X-Key"
