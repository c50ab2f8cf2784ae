"""The approvals that are committed."""

import pytest

import tools
from tools.approval.survey import survey
from tools.registry import SERVERS, load_servers


@pytest.fixture(autouse=True)
async def closed_sessions():
    yield
    await tools.close()


async def test_what_is_approved_of_our_own_servers_is_what_they_offer(tmp_path, monkeypatch):
    monkeypatch.setenv("ERP_DATABASE", str(tmp_path / "erp.sqlite3"))
    monkeypatch.delenv("ERP_URL", raising=False)

    servers = await survey(load_servers(SERVERS).values())

    found = [(one.name, tool.name, tool.status) for one in servers for tool in one.tools]
    assert [one for one in found if one[2] != "approved"] == [], "read it: python -m server tools approve erp"
