"""Access tokens: how they are got, for whom, when anew, and what becomes of a call without one."""

import asyncio
import contextlib
import traceback

import pytest
from identities import (
    SECRET,
    SECRET_VARIABLE,
    Issuer,
    free_port,
    running_issuer,
    running_tokened,
    sign_as_steward,
    signed,
    tokened,
)
from memory_ledger import Memory
from watched_servers import visited

import tools
from tools import Server
from tools.credentials.assertions import ISSUER_VARIABLE, KEY_VARIABLE
from tools.errors import (
    AddressRefused,
    IdentityRefused,
    NotSent,
    PersonMissing,
    ScopeMissing,
    SecretMissing,
    TokenRefused,
    ToolRefused,
)
from tools.ports import Caller, install

ANNA = Caller("anna", "process/pay", "pay")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Public keys of this process as a host, whose private ones it signs with."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_VARIABLE, "")
        environment.setenv(ISSUER_VARIABLE, "")
        environment.setenv(SECRET_VARIABLE, SECRET)
        yield sign_as_steward(tmp_path_factory.mktemp("steward"))


@pytest.fixture(scope="module")
def running_servers(tmp_path_factory, keys):
    folder = tmp_path_factory.mktemp("servers")
    with (
        running_issuer(folder / "issuer", subject_keys=keys) as issuer,
        running_tokened(folder / "tokened", issuer) as server,
    ):
        yield issuer, server


@pytest.fixture
async def servers(running_servers):
    """Both servers, with no token and no record from before."""
    issuer, server = running_servers
    for file in ("requests", "lifetime_s", "fail", "token_endpoint"):
        (issuer.folder / file).unlink(missing_ok=True)
    for file in ("calls", "reject"):
        (server.folder / file).unlink(missing_ok=True)
    yield issuer, server
    await tools.close()


@pytest.fixture
def ledger():
    ledger = Memory()
    with install(ledger=ledger):
        yield ledger


@pytest.mark.parametrize("proof", [lambda _: {}, signed], ids=["secret", "key"])
async def test_a_service_calls_with_a_token_of_its_own(servers, proof):
    issuer, server = servers
    oauth = proof(issuer)

    answer = await Server(tokened(server, issuer, **oauth)).call("note", key="k1")

    assert answer == {"person": oauth.get("client_id", "service"), "agent": None}
    assert issuer.requests == [{"grant_type": "client_credentials", "resource": server.url, "scope": "tools"}]


@pytest.mark.parametrize("proof", [lambda _: {}, signed], ids=["secret", "key"])
async def test_a_call_for_a_person_carries_the_person_and_the_agent(servers, proof):
    issuer, server = servers

    with install(caller=ANNA):
        answer = await Server(tokened(server, issuer, person=True, **proof(issuer))).call("note", key="k1")

    assert answer == {"person": "anna", "agent": "process/pay"}
    assert [asked["grant_type"].rpartition(":")[2] for asked in issuer.requests] == ["token-exchange"]


async def test_a_server_for_persons_is_not_called_for_nobody(servers):
    issuer, server = servers

    with pytest.raises(PersonMissing, match="on behalf of a person"):
        await Server(tokened(server, issuer, person=True)).call("note", key="k1")

    assert (issuer.requests, server.calls) == ([], [])


async def test_one_token_serves_many_calls(servers):
    issuer, server = servers
    door = Server(tokened(server, issuer))

    await asyncio.gather(*(door.call("note", key=f"k{number}") for number in range(20)))

    assert len(server.calls) == 20
    assert len(issuer.requests) == 1


async def test_a_token_is_not_used_to_its_end(servers):
    issuer, server = servers
    (issuer.folder / "lifetime_s").write_text("1")
    door = Server(tokened(server, issuer))
    await door.call("note", key="k1")
    before = len(issuer.requests)
    await asyncio.sleep(0.8)

    await door.call("note", key="k2")

    assert len(issuer.requests) > before


async def test_a_token_that_is_believed_no_more_is_renewed_once_for_all_and_each_call_made_once(
    tmp_path, keys, ledger
):
    port = free_port()
    before = contextlib.ExitStack()
    issuer = before.enter_context(running_issuer(tmp_path / "issuer", subject_keys=keys, port=port))
    with running_tokened(tmp_path / "tokened", issuer) as server:
        door = Server(tokened(server, issuer))
        await door.call("note", key="first", text="first")
        before.close()

        # Started anew, it signs with another key: what it issued before is worth nothing.
        with running_issuer(tmp_path / "issuer", subject_keys=keys, port=port):
            await asyncio.gather(
                *(door.call("note", key=f"k{number}", text=str(number)) for number in range(20))
            )
            await tools.close()

    assert sorted(call["text"] for call in server.calls) == sorted(["first", *map(str, range(20))])
    assert len(issuer.requests) == 2


async def test_a_fresh_token_that_is_turned_away_means_that_nothing_happened(servers, ledger):
    issuer, server = servers
    door = Server(tokened(server, issuer))
    await door.call("note", key="k1")
    (server.folder / "reject").touch()

    with pytest.raises(IdentityRefused, match="401") as refused:
        await door.call("note", key="k2")

    assert refused.value.kind == "forbidden"
    assert not refused.value.repeatable
    assert len(issuer.requests) == 2
    assert ledger.told == ["begin", "finish", "begin", "fail tool_identity_refused"]


async def test_a_token_for_another_server_is_not_taken(servers):
    issuer, server = servers

    with pytest.raises(IdentityRefused):
        await Server(tokened(server, issuer, resource="http://127.0.0.1:1/mcp")).call("note", key="k1")

    assert server.calls == []


async def test_a_scope_that_the_token_lacks_is_named(servers):
    issuer, server = servers

    with pytest.raises(ScopeMissing, match="scope") as missing:
        await Server(tokened(server, issuer, scope="other")).call("note", key="k1")

    assert missing.value.kind == "forbidden"
    assert server.calls == []


async def test_a_scope_that_is_not_granted_leaves_the_call_unsent(servers, ledger):
    issuer, server = servers

    with pytest.raises(TokenRefused, match="invalid_scope"):
        await Server(tokened(server, issuer, scope="forbidden")).call("note", key="k1")

    assert ledger.told == ["begin", "fail tool_token_refused"]


@pytest.mark.parametrize(
    ("status", "kind"), [("500", "transient"), ("429", "transient"), ("401", "forbidden")]
)
async def test_without_a_token_nothing_is_sent_and_no_secret_told(servers, ledger, status, kind):
    issuer, server = servers
    (issuer.folder / "fail").write_text(status)

    with pytest.raises(NotSent) as unsent, install(caller=ANNA):
        await Server(tokened(server, issuer, person=True)).call("note", key="k1")

    assert unsent.value.kind == kind
    assert server.calls == []
    assert SECRET not in str(unsent.value)
    assert "eyJ" not in str(unsent.value), "the assertion about the person is a secret too"


async def test_an_authorisation_server_that_is_away_is_a_transient_fault(servers, ledger):
    issuer, server = servers
    away = Issuer(f"http://127.0.0.1:{free_port()}", issuer.folder)

    with pytest.raises(NotSent, match=r"127\.0\.0\.1 does not answer") as unsent:
        await Server(tokened(server, away)).call("note", key="k1")

    assert unsent.value.repeatable


async def test_a_missing_secret_is_named_by_its_place(servers):
    issuer, server = servers

    with pytest.raises(SecretMissing, match="variable NO_SUCH") as missing:
        await Server(tokened(server, issuer, client_secret={"env": "NO_SUCH"})).call("note", key="k1")

    assert not missing.value.repeatable


async def test_a_token_endpoint_inside_that_the_issuer_names_gets_no_secret(servers):
    issuer, server = servers
    async with visited() as inside:
        (issuer.folder / "token_endpoint").write_text(f"https://localhost:{inside.port}/token")

        with pytest.raises(AddressRefused):
            await Server(tokened(server, issuer)).call("note", key="k1")

    assert inside.connections == 0


async def test_a_token_endpoint_that_the_operator_wrote_is_asked_without_looking_it_up(servers):
    issuer, server = servers
    (issuer.folder / "token_endpoint").write_text("https://127.0.0.1:1/token")

    await Server(tokened(server, issuer, token_url=f"{issuer.url}/token")).call("note", key="k1")

    assert len(server.calls) == 1


async def test_a_redirect_of_the_server_to_another_address_takes_no_token_there(servers):
    issuer, server = servers
    async with visited() as elsewhere:
        away = f"Location: http://127.0.0.1:{elsewhere.port}/mcp"
        answer = f"HTTP/1.1 307 Away\r\n{away}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        async with visited(answer=answer) as redirecting:
            server_of_mine = type(server)(f"http://127.0.0.1:{redirecting.port}/mcp", server.folder)
            with pytest.raises(NotSent):
                await Server(tokened(server_of_mine, issuer)).call("note", key="k1")

    assert redirecting.connections >= 1
    assert elsewhere.connections == 0


async def test_a_token_that_the_server_answers_with_does_not_come_through(servers):
    issuer, server = servers

    answer = await Server(tokened(server, issuer)).call("echo")

    assert answer == {"token": "you sent [secret]!"}


async def test_a_token_in_a_servers_complaint_is_in_no_message_and_no_traceback(servers):
    issuer, server = servers

    with pytest.raises(ToolRefused, match=r"bad token \[secret\]") as refused:
        await Server(tokened(server, issuer)).call("complain")

    assert "eyJ" not in "".join(traceback.format_exception(refused.value))
