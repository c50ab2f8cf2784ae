"""Tool servers that nobody here wrote, on three SDKs, called through our door by their entries alone."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from foreign_packages import npm_packages, python_packages

import tools
from tools import Server
from tools.errors import BadAnswer, ToolRefused
from tools.registry import load_servers

EVERYTHING = "@modelcontextprotocol/server-everything"
FILESYSTEM = "@modelcontextprotocol/server-filesystem"
SDK2_SERVER = Path(__file__).with_name("sdk2_server.py")


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


@pytest.fixture(scope="module")
def node_servers():
    return npm_packages(f"{EVERYTHING}@2026.8.31", f"{FILESYSTEM}@2026.8.31")


@pytest.fixture(scope="module")
def sdk2_programs():
    return python_packages("mcp-server-git==2026.10.19", "mcp-server-time==2026.10.19", "mcp==2.3.0")


@pytest.fixture
def door(tmp_path):
    """Make the door to the server of an entry, as an operator's file has it."""

    def open_door(entry, **values):
        file = tmp_path / "servers.toml"
        head = "[theirs]\nsandbox = true\npinned = false\ntimeout_s = 60\n"
        file.write_text(head + entry.format(**values))
        return Server(load_servers(file)["theirs"])

    return open_door


@contextmanager
def serving(port, *command, **environment):
    """Start a server that listens on the port."""
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.kill()


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


EVERYTHING_TOOLS = """
[theirs.tools]
get-structured-content = "read"
get-sum = {{contract = "read", answer = "text"}}
get-tiny-image = {{contract = "read", answer = "text"}}
trigger-long-running-operation = {{contract = "read", answer = "text"}}
"""


async def test_the_reference_server_in_typescript_over_stdio(door, node_servers):
    entry = 'command = ["node", "{program}"]' + EVERYTHING_TOOLS
    theirs = door(entry, program=node_servers / EVERYTHING / "dist/index.js")

    weather = await theirs.call("get-structured-content", location="Chicago")
    total = await theirs.call("get-sum", a=2, b=3)

    assert weather["conditions"]
    assert "5" in total["text"]
    with pytest.raises(BadAnswer, match="brought image"):
        await theirs.call("get-tiny-image")
    with pytest.raises(ToolRefused, match=r"“.*location"):
        await theirs.call("get-structured-content", location="Atlantis")


async def test_the_reference_server_in_typescript_over_http(door, node_servers, free_port):
    program = node_servers / EVERYTHING / "dist/index.js"
    with serving(free_port, "node", program, "streamableHttp", PORT=str(free_port)):
        theirs = door(f'url = "http://127.0.0.1:{free_port}/mcp"' + EVERYTHING_TOOLS)

        weather = await theirs.call("get-structured-content", location="Chicago")
        slow = await theirs.call("trigger-long-running-operation", duration=1, steps=2)

    assert weather["conditions"]
    assert "completed" in slow["text"]


async def test_a_file_server_in_typescript_does_what_it_is_asked_and_refuses_the_rest(
    door, node_servers, tmp_path
):
    entry = """
command = ["node", "{program}", "{folder}"]
[theirs.tools]
write_file = "blind"
read_text_file = "read"
"""
    theirs = door(entry, program=node_servers / FILESYSTEM / "dist/index.js", folder=tmp_path)

    await theirs.call("write_file", key="k", path=str(tmp_path / "note.txt"), content="Größe: 2")
    read = await theirs.call("read_text_file", path=str(tmp_path / "note.txt"))

    assert read == {"content": "Größe: 2"}
    with pytest.raises(ToolRefused, match=r"“.*outside allowed directories"):
        await theirs.call("read_text_file", path="/etc/passwd")


async def test_a_server_on_version_2_of_the_sdk_over_stdio(door, sdk2_programs):
    entry = """
command = ["{program}", "--local-timezone", "Europe/Vienna"]
[theirs.tools]
convert_time = "read"
"""
    theirs = door(entry, program=sdk2_programs / "mcp-server-time")

    told = await theirs.call(
        "convert_time", source_timezone="Europe/Vienna", time="12:00", target_timezone="Asia/Tokyo"
    )

    assert told["target"]["timezone"] == "Asia/Tokyo"


async def test_a_server_on_version_2_of_the_sdk_over_http(door, sdk2_programs, free_port):
    with serving(free_port, sdk2_programs / "python", SDK2_SERVER, free_port):
        theirs = door(f'url = "http://127.0.0.1:{free_port}/mcp"\n[theirs.tools]\nadd = "read"')

        assert await theirs.call("add", a="2", b="3") == {"total": "5"}


@pytest.fixture
def repository(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not here")
    subprocess.run(["git", "init", "--quiet", "-b", "trunk", str(tmp_path / "repository")], check=True)
    return str(tmp_path / "repository")


async def test_a_git_server_that_answers_with_text_alone(door, sdk2_programs, repository):
    entry = """
command = ["{program}"]
[theirs.tools]
git_status = {{contract = "read", answer = "text"}}
git_log = "read"
"""
    theirs = door(entry, program=sdk2_programs / "mcp-server-git")

    status = await theirs.call("git_status", repo_path=repository)

    assert "On branch trunk" in status["text"]
    with pytest.raises((BadAnswer, ToolRefused)):
        await theirs.call("git_log", repo_path=repository)


@pytest.mark.skipif(
    "STEWARD_TEST_ALL_SERVERS" not in os.environ, reason="STEWARD_TEST_ALL_SERVERS is not set"
)
async def test_a_database_server_on_version_1_of_the_sdk(door, tmp_path, monkeypatch):
    programs = python_packages("mcp-alchemy==2026.8.1.2602", "mcp==1.25.0")
    monkeypatch.setenv("DB_URL", f"sqlite:///{tmp_path / 'books.sqlite3'}")
    entry = """
command = ["{program}"]
env = ["DB_URL"]
[theirs.tools]
execute_query = {{contract = "blind", answer = "text"}}
all_table_names = {{contract = "read", answer = "text"}}
"""
    theirs = door(entry, program=programs / "mcp-alchemy")

    await theirs.call("execute_query", key="k", query="CREATE TABLE invoices (number TEXT)")
    names = await theirs.call("all_table_names")

    assert "invoices" in names["text"]
