"""Two versions of a process at work side by side: old cases go on under the old one until it is gone."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import created_database, running_host
from hosts import rested

from server.cli import main

ORDER = '''"""Ask how much, then say which version asked and which one counted."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel


class Arrival(BaseModel):
    """What starts a case."""

    item: str


class Order(Arrival):
    """An order."""

    asked_by: str = ""
    size: int = 0
    result: str = ""


class Size(BaseModel):
    """The answer."""

    size: int


def note(state: Order) -> dict[str, Any]:
    """Note the version that asks."""
    return {"asked_by": "VERSION"}


def ask(state: Order) -> dict[str, Any]:
    """Ask how much."""
    return {"size": interrupt({"question": "How much?"}, response_schema=Size).size}


def count(state: Order) -> dict[str, Any]:
    """Say who counted."""
    return {"result": f"asked by {state.asked_by}, counted by VERSION"}


graph = (
    StateGraph(Order, input_schema=Arrival)
    .add_sequence([note, ask, count])
    .add_edge(START, "note")
    .add_edge("count", END)
)
'''


def written(folder: Path, version: str, *, ask: str = "ask") -> Path:
    """Write the process as it is in a version, its asking step under a name; return its list of processes."""
    folder.mkdir()
    text = ORDER.replace("VERSION", version).replace("def ask(", f"def {ask}(")
    (folder / "order.py").write_text(text.replace("[note, ask, count]", f"[note, {ask}, count]"))
    manifest = folder / "langgraph.json"
    manifest.write_text('{"graphs": {"order": "./order.py:graph"}}')
    return manifest


class host_of(running_host):  # noqa: N801  used like a function
    """A host with API and worker that has the processes of this list."""

    def __init__(self, database_url: str, manifest: Path, *arguments: str) -> None:
        super().__init__(database_url, manifest.parent, *arguments)
        self._environment["STEWARD_PROCESSES"] = str(manifest)


def started(client: httpx.Client) -> str:
    response = client.post("/v1/processes/order/cases", json={"input": {"item": "chair"}})
    case_id: str = response.raise_for_status().json()["id"]
    return case_id


def answer(client: httpx.Client, case: dict[str, Any]) -> None:
    review = next(one["id"] for one in case["reviews"] if one["status"] == "open")
    client.post(f"/v1/reviews/{review}/answer", json={"answer": {"size": 3}}).raise_for_status()


def test_each_version_goes_on_with_its_own_cases_until_the_old_one_is_gone(
    postgres_url: str, tmp_path: Path
) -> None:
    old_list, new_list = written(tmp_path / "old", "one"), written(tmp_path / "new", "two")
    with ExitStack() as stack:
        url = stack.enter_context(created_database(postgres_url))[1]
        new = httpx.Client(base_url=stack.enter_context(host_of(url, new_list)), timeout=30)
        with host_of(url, old_list) as address, httpx.Client(base_url=address, timeout=30) as old:
            by_old = [rested(old, started(old)) for _ in range(2)]
            by_new = rested(new, started(new))
            # The API of either version takes an answer; the version of the case goes on from it.
            answer(new, by_old[0])
            answer(old, by_new)
            side_by_side = [rested(new, case["id"])["result"] for case in (by_old[0], by_new)]

        answer(new, by_old[1])
        alone = rested(new, by_old[1]["id"])
        new.close()

    assert side_by_side == ["asked by one, counted by one", "asked by two, counted by two"]
    assert alone["result"] == "asked by one, counted by two"
    assert by_old[0]["version"] != by_new["version"] == alone["version"]


Steward = Callable[..., tuple[int, Any]]


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    """The command line: it returns the exit code and the JSON that was printed."""

    def run(*arguments: str, environment: dict[str, str]) -> tuple[int, Any]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["steward", *arguments, "--json"])
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), json.loads(capsys.readouterr().out)

    return run


def test_an_operator_checks_migrates_and_undoes(postgres_url: str, tmp_path: Path, steward: Steward) -> None:
    old_list, new_list = written(tmp_path / "old", "one"), written(tmp_path / "new", "two", ask="request")
    with ExitStack() as stack:
        url = stack.enter_context(created_database(postgres_url))[1]
        with host_of(url, old_list) as address, httpx.Client(base_url=address, timeout=30) as client:
            moved, undone = (rested(client, started(client)) for _ in range(2))
        address = stack.enter_context(host_of(url, new_list))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=30))
        there = {"DATABASE_URL": url, "STEWARD_PROCESSES": str(new_list), "STEWARD_URL": address}
        run = partial(steward, environment=there)
        order = ["migrate-cases", "--process", "order", "--from", moved["version"], "--map", "ask=request"]

        checked, report = run("check")
        _, preview = run(*order, "--reason", "try it", "--dry-run")
        code, done = run(*order, "--reason", "the step has a new name")
        after = run("check")
        answer(client, rested(client, moved["id"]))
        ended = rested(client, moved["id"])
        rested(client, undone["id"])
        _, undoing = run("undo-migration", done["id"], "--reason", "once more")
        back = rested(client, undone["id"])
        _, listed = run("migrations", "--process", "order")

    assert (checked, report["stuck"][0]["cases"]) == (1, 2)
    assert (preview["id"], preview["cases"]) == (None, {"pending": 2})
    assert (code, done["cases"]) == (0, {"moved": 2})
    assert after == (0, {"examined": 0, "stuck": [], "unapproved": []})
    assert ended["result"] == "asked by one, counted by two"
    assert undoing["cases"] == {"kept": 1, "undone": 1}
    assert (back["status"], back["version"]) == ("waiting", moved["version"])
    assert [one["id"] for one in listed["items"]] == [done["id"]]
