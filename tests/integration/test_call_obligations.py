"""What a permit obliges to, masks and audit entries; and policies that are on trial or change."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel
from tool_servers import unreliable

import tools
from server.engine.cases import start_case
from server.engine.registry import Process, Registry, as_process
from server.engine.runner import Runner
from server.errors import PoliciesInvalid, StartRefused
from server.policies.loading import Policies
from server.storage.database import Database
from tools import Server, server
from tools.registry import our_servers

IBAN = "DE68210501700012345678"
POLICY = """
@id("{id}")
@reason("a test")
{more}
{effect} (principal, action == Action::"{tool}", resource);
"""


class Answer(BaseModel):
    """What the case carries: what the tool answered."""

    answer: dict[str, Any] = {}


@pytest.fixture(autouse=True)
async def closed_sessions() -> AsyncIterator[None]:
    yield
    await tools.close()


def policy(tool: str, more: str = "", *, effect: str = "permit", id_: str = "one") -> str:
    return POLICY.format(id=id_, more=more, effect=effect, tool=tool)


def asking(door: Server, tool: str, **arguments: Any) -> Process:
    """A process of one step with one call."""

    async def act(state: Answer) -> dict[str, Any]:
        """Call."""
        return {"answer": await door.call(tool, **arguments)}

    builder = StateGraph(Answer).add_node(act).add_edge(START, "act").add_edge("act", END)
    return as_process("asking", builder, doc="One call.", store=None)


async def run(database: Database, process: Process, folder: Path, *texts: str) -> None:
    """Put one case through under these policies."""
    await start_case(database, process, input_={}, actor="anna", key=None)
    runner = Runner(database, Registry([process]), policies=policies(folder, *texts))
    for row in await rows(database, "SELECT id FROM runs WHERE status = 'ready'"):
        await runner.run(row["id"], worker=1)


def policies(folder: Path, *texts: str) -> Policies:
    own = folder / "policies"
    own.mkdir(exist_ok=True)
    (own / "test.cedar").write_text("".join(texts))
    return Policies(own, servers={**our_servers(), "unreliable": unreliable(folder)})


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def test_a_masked_field_reaches_neither_state_nor_checkpoint(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    process = asking(server("erp"), "find_supplier", name="Donau Logistik GmbH")
    masking = '@obligation("mask:supplier.iban, log")'

    await run(database, process, tmp_path, policy("erp.find_supplier", masking))

    (checkpoint,) = await rows(
        database,
        "SELECT checkpoint->'channel_values'->>'answer' AS answer,"
        " (SELECT string_agg(encode(blob, 'escape'), ' ') FROM checkpoint_blobs) AS blobs"
        " FROM checkpoints ORDER BY checkpoint_id DESC LIMIT 1",
    )
    assert "***" in str(checkpoint)
    assert "AT61" not in str(checkpoint)
    assert IBAN not in str(checkpoint)


async def test_a_logged_read_is_an_audit_entry_with_digest_and_policy(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    process = asking(server("erp"), "get_company")

    await run(database, process, tmp_path, policy("erp.get_company", '@obligation("log")'))

    (entry,) = await rows(database, "SELECT * FROM audit_entries WHERE action = 'call_permitted'")
    assert (entry["actor"], entry["object"]) == ("process/asking", "tool/erp.get_company")
    assert (entry["detail"]["policies"], entry["detail"]["person"]) == (["one"], "anna")
    assert len(entry["detail"]["digest"]) == 64


async def test_a_read_without_obligation_leaves_no_entry(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))

    await run(database, asking(server("erp"), "get_company"), tmp_path, policy("erp.get_company"))

    assert await rows(database, "SELECT * FROM audit_entries WHERE action LIKE 'call_%'") == []


async def test_a_masked_field_of_an_effect_is_not_in_its_receipt(database: Database, tmp_path: Path) -> None:
    process = asking(Server(unreliable(tmp_path)), "note", text="a")
    masking = '@obligation("mask:key_argument")'

    await run(database, process, tmp_path, policy("unreliable.note", masking))

    (effect,) = await rows(database, "SELECT status, receipt FROM effects")
    assert (effect["status"], effect["receipt"]["key_argument"]) == ("done", "***")
    assert effect["receipt"]["count"] == 1


async def test_the_verdict_and_the_audit_trail_tell_what_a_policy_on_trial_would_do(
    database: Database, tmp_path: Path
) -> None:
    process = asking(Server(unreliable(tmp_path)), "note", text="a")
    trial = policy("unreliable.note", '@mode("log")', effect="forbid", id_="trial")

    await run(database, process, tmp_path, policy("unreliable.note"), trial)

    (effect,) = await rows(database, "SELECT status, verdict FROM effects")
    (entry,) = await rows(database, "SELECT detail FROM audit_entries WHERE action = 'call_permitted'")
    assert (effect["status"], effect["verdict"]["tried"]) == ("done", ["trial would forbid"])
    assert entry["detail"]["tried"] == ["trial would forbid"]


async def changed(current: Policies, before: Any) -> Any:
    """Return what is in force once that is something else."""
    async with asyncio.timeout(60):
        while (now := current.current()) is before:  # noqa: ASYNC110  files are looked at
            await asyncio.sleep(0.1)
    return now


async def test_a_changed_file_is_in_force_without_a_restart(tmp_path: Path) -> None:
    current = policies(tmp_path, policy("unreliable.note"))
    before = current.current()

    (tmp_path / "policies" / "test.cedar").write_text("")

    assert "one" in before.policies
    assert "one" not in (await changed(current, before)).policies


async def test_files_that_cannot_be_used_any_more_permit_nothing_until_they_can(tmp_path: Path) -> None:
    current = policies(tmp_path, policy("unreliable.note"))
    file = tmp_path / "policies" / "test.cedar"

    file.write_text("permit (principal")
    with pytest.raises(StartRefused, match=r"test\.cedar:1"):
        await changed(current, current.current())

    file.write_text(policy("unreliable.note"))
    async with asyncio.timeout(60):
        while True:
            try:
                assert "one" in current.current().policies
                break
            except StartRefused:
                await asyncio.sleep(0.1)


def test_a_file_of_the_operator_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "invoice_to_pay.cedar").write_text("")

    assert "invoice-pays" in Policies().current().policies
    assert Policies(tmp_path).current().policies == {}


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoliciesInvalid, match="STEWARD_POLICIES"):
        Policies(tmp_path / "nowhere")
