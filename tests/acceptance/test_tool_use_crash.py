"""A host that dies while a model works: no turn before that, and no call, is made again."""

from pathlib import Path

import httpx
import pytest
from conftest import running_host
from hosts import rested
from office_books import OfficeBooks
from running_offices import PROGRAM, office_file, running_office

from server.failpoints import VARIABLE

TURNS = ["write_plan", "office__find_supplier", "office__list_letters", "office__pay", "nothing"]


def test_what_was_done_before_is_not_done_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = OfficeBooks(tmp_path)
    books.learn()
    with running_office(tmp_path) as url:
        monkeypatch.setenv("STEWARD_PROCESSES", str(PROGRAM.with_name("office_langgraph.json")))
        monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parent))
        monkeypatch.setenv("STEWARD_SERVERS", str(office_file(tmp_path, url)))
        monkeypatch.setenv("STEWARD_POLICIES", str(PROGRAM.with_name("policies")))
        monkeypatch.setenv("OBEDIENT_TURNS", str(tmp_path / "turns"))
        monkeypatch.setenv(VARIABLE, "effect_answered:kill:1")
        first = running_host(database_url, tmp_path)
        with first as address:
            started = httpx.post(
                f"{address}/v1/processes/planned/cases", json={"input": {"letter": "Please pay."}}
            )
            first.process.wait(60)
        monkeypatch.delenv(VARIABLE)
        with running_host(database_url, tmp_path) as address, httpx.Client(base_url=address) as client:
            case = rested(client, started.raise_for_status().json()["id"])

    assert case["status"] == "succeeded", case["error"]
    assert (tmp_path / "turns").read_text().split() == TURNS
    done = [call["tool"] for call in books.calls("find_supplier", "list_letters", "pay")]
    assert done == ["find_supplier", "list_letters", "pay"]
