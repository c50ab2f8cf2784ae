"""servers.toml: what is read from it, and how a mistake in it is told."""

import sys

import pytest

from tools import server
from tools.errors import ServersInvalid, UnknownTool
from tools.registry import SERVERS, VARIABLE, load_servers, our_servers

GOOD = """
[erp]
command = ["python", "-m", "tools.erp"]
sandbox = true
timeout_s = 20

[erp.tools]
get_order = "read"
"""


@pytest.fixture
def servers_file(tmp_path):
    return tmp_path / "servers.toml"


def test_our_own_file_lists_the_erp_as_a_sandbox():
    erp = load_servers(SERVERS)["erp"]

    assert erp.sandbox
    assert (erp.contract("book_invoice"), erp.contract("find_supplier")) == ("keyed", "read")


def test_an_operators_file_adds_servers_and_replaces_ours(servers_file, monkeypatch):
    servers_file.write_text(GOOD + GOOD.replace("erp", "crm"))
    monkeypatch.setenv(VARIABLE, str(servers_file))

    servers = our_servers.__wrapped__()

    assert sorted(servers) == ["crm", "erp"]
    assert servers["erp"].tools == {"get_order": "read"}


def test_a_file_that_is_not_there_is_named(servers_file):
    with pytest.raises(ServersInvalid, match=str(servers_file)):
        load_servers(servers_file)


def test_python_means_our_own_interpreter(servers_file):
    servers_file.write_text(GOOD)

    assert load_servers(servers_file)["erp"].argv == [sys.executable, "-m", "tools.erp"]


def test_an_empty_url_counts_as_none(servers_file, monkeypatch):
    servers_file.write_text(GOOD.replace("sandbox", 'url_env = "SOME_URL"\nsandbox'))
    monkeypatch.setenv("SOME_URL", "")

    assert load_servers(servers_file)["erp"].url is None


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("timeout_s = 20", "timeout_s = 0", "timeout_s"),
        ("timeout_s = 20", 'timeout_s = "20"', "timeout_s"),
        ("timeout_s = 20", "", "timeout_s"),
        ("sandbox = true", "", "sandbox"),
        ("sandbox = true", "sandbox = 1", "sandbox"),
        ("sandbox = true", "sandbox = true\nurl = 'x'", "url"),
        ('"read"', '"careful"', "tools.get_order"),
        ('command = ["python", "-m", "tools.erp"]', "", "command"),
        ('command = ["python", "-m", "tools.erp"]', 'command = "python"', "command"),
    ],
)
def test_a_mistake_is_refused_with_server_and_field(servers_file, right, wrong, field):
    servers_file.write_text(GOOD.replace(right, wrong))

    with pytest.raises(ServersInvalid, match=rf"servers\.toml: server 'erp', field .*{field}"):
        load_servers(servers_file)


@pytest.mark.parametrize("text", ["[erp", "erp = 1", GOOD + GOOD])
def test_what_is_no_table_of_servers_is_refused_with_the_file(servers_file, text):
    servers_file.write_text(text)

    with pytest.raises(ServersInvalid, match=r"^servers\.toml: "):
        load_servers(servers_file)


def test_a_server_that_is_not_listed_is_unknown():
    with pytest.raises(UnknownTool, match="crm"):
        server("crm")
