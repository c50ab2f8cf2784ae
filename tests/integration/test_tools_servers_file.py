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

SEARCHABLE = """
undo = "blind"

[erp.tools.post]
contract = "searchable"

[erp.tools.post.lookup]
tool = "get_order"
arguments = {n = "arguments.order.n"}
found = "a"
settle_s = 1
"""


@pytest.fixture
def servers_file(tmp_path):
    return tmp_path / "servers.toml"


def test_our_own_file_lists_the_erp_as_a_sandbox():
    erp = load_servers(SERVERS)["erp"]

    assert erp.sandbox
    assert (erp.tool("book_invoice").contract, erp.tool("find_supplier").contract) == ("keyed", "read")


def test_an_operators_file_adds_servers_and_replaces_ours(servers_file, monkeypatch):
    servers_file.write_text(GOOD + GOOD.replace("erp", "crm"))
    monkeypatch.setenv(VARIABLE, str(servers_file))

    servers = our_servers.__wrapped__()

    assert servers.keys() == {*load_servers(SERVERS), "crm"}
    assert list(servers["erp"].tools) == ["get_order"]


WITNESSED = """
[[erp.tools.post.witnesses.iban]]
tool = "WITNESS"
place = "supplier.iban"
"""


@pytest.mark.parametrize("witness", ["erp.post", "erp.nothing", "nobody.get_order"])
def test_a_witness_that_is_no_reading_tool_is_told(servers_file, monkeypatch, witness):
    post = '[erp.tools.post]\ncontract = "keyed"\n'
    servers_file.write_text(GOOD + post + WITNESSED.replace("WITNESS", witness))
    monkeypatch.setenv(VARIABLE, str(servers_file))

    with pytest.raises(ServersInvalid, match=rf"'erp', field tools.post.witnesses.iban: '{witness}' is not"):
        our_servers.__wrapped__()


def test_the_witness_of_the_documentation_can_be_read(servers_file):
    text = (SERVERS.parents[1] / "docs" / "sources.md").read_text("utf-8")
    block = text.partition("```toml\n")[2].partition("```")[0]
    servers_file.write_text('[bank]\ncommand = ["bank"]\nsandbox = false\ntimeout_s = 5\n' + block)

    (witness,) = load_servers(servers_file)["bank"].tool("transfer").witnesses["iban"]

    assert (witness.name, witness.same) == ("erp.find_supplier:supplier.iban", {"supplier": "supplier.id"})


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
        ("sandbox = true", "sandbox = true\nurl = 'http://u:p@crm.test/'", "url"),
        ("sandbox = true", "sandbox = true\nurl = 'https://crm.test/?key=1'", "url"),
        ("sandbox = true", "sandbox = true\nurl = 'https://crm.test/'", "url: a server with an address"),
        ("sandbox = true", "sandbox = true\nurl_env = ''", "url_env"),
        ("sandbox = true", "sandbox = false\npinned = false", "pinned: only a sandbox"),
        ("sandbox = true", "sandbox = true\ndata_class = 'secret'", "data_class"),
        ("sandbox = true", "sandbox = true\nname = 'other'", "name"),
        ("sandbox = true", "sandbox = true\nidentity.headers.X-Key = {env = 'A'}", "identity.headers: only"),
        ('"read"', '{contract = "read", timeout_s = 0}', "tools.get_order.timeout_s"),
    ],
)
def test_a_mistake_is_refused_with_server_and_field(servers_file, right, wrong, field):
    servers_file.write_text(GOOD.replace(right, wrong))

    with pytest.raises(ServersInvalid, match=rf"servers\.toml: server 'erp', field .*{field}"):
        load_servers(servers_file)


def test_a_tool_with_a_table_says_how_it_is_looked_up(servers_file):
    servers_file.write_text(GOOD + SEARCHABLE)

    lookup = load_servers(servers_file)["erp"].tool("post").lookup

    assert lookup.question({"order": {"n": 7}}) == {"n": 7}
    assert lookup.receipts({"a": None}) == []
    assert lookup.receipts({"a": {"x": 1}}) == lookup.receipts({"a": [{"x": 1}]}) == [{"x": 1}]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            'undo = "blind"',
            'undo = "blind"\n[erp.record]\ntool = "undo"\nrows = "r"\nkey = "k"',
            "field record.tool: ",
        ),
        ("settle_s = 1", "settle_s = 0", "field tools.post.lookup.settle_s: "),
        ("settle_s = 1", "", "field tools.post.lookup.settle_s: "),
        ('found = "a"', 'found = "a..b"', "field tools.post.lookup.found: "),
        ('"arguments.order.n"', '"order.n"', "field tools.post.lookup.arguments.n: "),
        ('{n = "arguments.order.n"}', "{}", "field tools.post.lookup.arguments: "),
        ('tool = "get_order"', 'tool = "undo"', "field tools.post.lookup.tool: 'undo' is not listed as read"),
        ('"searchable"', '"blind"', "field tools.post: a searchable tool needs a lookup"),
        ('"searchable"', '"searchably"', "field tools.post.contract: "),
        ('undo = "blind"', 'undo = "searchable"', "field tools.undo: a searchable tool needs a lookup"),
        (
            '"blind"',
            '{contract = "keyed", refusals_are_final = true}',
            "field tools.undo: refusals_are_final",
        ),
        (
            '"blind"',
            '{contract = "blind", compensated_by = {tool = "get_order", arguments = {}}}',
            "field tools.undo.compensated_by.tool: 'get_order' is no consequential",
        ),
        (
            '"blind"',
            '{contract = "read", compensated_by = {tool = "post", arguments = {}}}',
            "field tools.undo: reading leaves nothing to undo",
        ),
        (
            '"blind"',
            '{contract = "blind", compensated_by = {tool = "post", arguments = {n = "answer.n"}}}',
            "field tools.undo.compensated_by.arguments.n: ",
        ),
    ],
)
def test_a_mistake_in_a_tools_table_is_refused_with_its_field(servers_file, right, wrong, message):
    servers_file.write_text(GOOD + SEARCHABLE.replace(right, wrong))

    with pytest.raises(ServersInvalid) as refused:
        load_servers(servers_file)

    assert str(refused.value).startswith(f"servers.toml: server 'erp', {message}")


def test_a_server_whose_name_could_be_read_as_another_ones_tool_is_refused(servers_file):
    servers_file.write_text(GOOD.replace("[erp", "['e.rp'"))

    with pytest.raises(ServersInvalid, match=r"server 'e\.rp', field name"):
        load_servers(servers_file)


def test_a_tool_has_the_time_and_the_data_class_of_its_server_unless_it_says_otherwise(servers_file):
    own = '{contract = "read", timeout_s = 90, data_class = "public"}'
    servers_file.write_text(GOOD + f"get_rates = {own}")

    erp = load_servers(servers_file)["erp"]

    assert (erp.timeout_of("get_order"), erp.data_class_of("get_order")) == (20, "personal")
    assert (erp.timeout_of("get_rates"), erp.data_class_of("get_rates")) == (90, "public")
    assert erp.longest_s == 90


def test_an_address_may_stand_in_the_file(servers_file):
    servers_file.write_text(
        GOOD.replace('command = ["python", "-m", "tools.erp"]', 'url = "https://crm.test/mcp"')
    )

    assert load_servers(servers_file)["erp"].url == "https://crm.test/mcp"


@pytest.mark.parametrize("text", ["[erp", "erp = 1", GOOD + GOOD])
def test_what_is_no_table_of_servers_is_refused_with_the_file(servers_file, text):
    servers_file.write_text(text)

    with pytest.raises(ServersInvalid, match=r"^servers\.toml: "):
        load_servers(servers_file)


def test_a_server_that_is_not_listed_is_unknown():
    with pytest.raises(UnknownTool, match="crm"):
        server("crm")
