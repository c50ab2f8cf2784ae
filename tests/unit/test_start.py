"""When the host refuses to start, and what it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.engine.registry import load_registry
from server.errors import StartRefused
from server.identity.actors import check_exposure
from server.packages import check_packages
from server.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]

DECIDING_PROCESS = """\
from pathlib import Path

from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from nodes.decide import decide
from rules import load_layers


class Letter(TypedDict):
    facts: dict
    as_of: str
    decision: dict


table = load_layers("gappy", Path(__file__).parent)
graph = StateGraph(Letter).add_node(decide(table)).add_edge(START, "decide")
"""
GAPPY_TABLE = """\
id: gappy
version: 1
owner: Nobody
title: What leaves cases to nobody
effective: {from: 2026-01-01}
hit: first
inputs:
  urgent: {type: boolean}
outputs:
  route: {type: enum, values: [pay, ask]}
rules: [{id: A, when: {urgent: true}, then: {route: ask}, because: So},
  {id: B, when: {urgent: true}, then: {route: pay}, because: Or so}]
"""
OWN_PROCESS = '''"""A process of its own."""
from langgraph.graph import START, StateGraph

graph = StateGraph(dict).add_node("rest", lambda state: {}).add_edge(START, "rest")
'''


def test_our_packages_are_ours() -> None:
    check_packages()


def test_a_foreign_package_of_the_same_name_is_named(tmp_path: Path) -> None:
    """As after `pip install` of a distribution that ships a top-level `rules`."""
    (tmp_path / "rules.py").write_text("")
    program = "from server.packages import check_packages; check_packages()"
    path = os.pathsep.join([str(tmp_path), str(ROOT)])

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "StartRefused: package 'rules' comes from" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_a_developer_may_serve_on_loopback(host: str) -> None:
    check_exposure(host, dev=True)


@pytest.mark.parametrize(
    ("host", "dev"), [("127.0.0.1", False), ("0.0.0.0", True), ("::", True), ("db", True)]
)
def test_without_identities_nobody_serves_elsewhere(host: str, dev: bool) -> None:
    with pytest.raises(StartRefused):
        check_exposure(host, dev=dev)


def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEWARD_CONCURRENCY", "many")

    with pytest.raises(StartRefused, match="STEWARD_CONCURRENCY"):
        load_settings()


@pytest.mark.parametrize(
    "target",
    ["./graphs/absent.py:graph", "./graphs/invoice_to_pay.py:absent", "./graphs/invoice_to_pay.py:SAMPLES"],
)
def test_an_entry_that_names_no_graph_is_named(tmp_path: Path, target: str) -> None:
    manifest = tmp_path / "langgraph.json"
    manifest.write_text(f'{{"graphs": {{"odd": "{target}"}}}}')

    with pytest.raises(StartRefused, match="odd"):
        load_registry(manifest)


def test_a_process_beside_its_manifest_is_loaded_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text(OWN_PROCESS)
    (tmp_path / "langgraph.json").write_text('{"graphs": {"own": "./queue.py:graph"}}')

    (process,) = load_registry(tmp_path / "langgraph.json")

    assert (process.name, process.doc) == ("own", "A process of its own.")


def test_a_process_whose_table_has_an_error_does_not_start_and_all_errors_are_named(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text(DECIDING_PROCESS)
    (tmp_path / "gappy.yaml").write_text(GAPPY_TABLE)
    (tmp_path / "langgraph.json").write_text('{"graphs": {"own": "./queue.py:graph"}}')

    with pytest.raises(StartRefused) as refused:
        load_registry(tmp_path / "langgraph.json")

    assert "gappy.yaml:12: error: gap: no rule fits {urgent: false}" in refused.value.message
    assert "gappy.yaml:12: error: unreachable: B never decides" in refused.value.message


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_list_of_processes_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    manifest = tmp_path / "processes.json"
    if content is not None:
        manifest.write_text(content)

    with pytest.raises(StartRefused, match="lists no processes"):
        load_registry(manifest)


def test_the_command_line_says_in_one_line_why_it_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "serve"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == "steward: no identity is configured: start with --dev on a loopback address\n"
