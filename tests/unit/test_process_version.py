"""What makes a process another version, and what does not."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.engine.registry import Process, load_registry

GRAPH = """
from pathlib import Path

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from parcel_steps import pack
from rules import parse_table

TABLE = parse_table(Path(__file__).with_name("parcel.yaml").read_bytes())


class Parcel(BaseModel):
    item: str


def send(state: Parcel) -> dict:
    return {}


graph = StateGraph(Parcel).add_sequence([pack, send]).add_edge(START, "pack").add_edge("send", END)
"""
STEPS = """
def pack(state) -> dict:
    return {"item": "box"}
"""
TABLE = """
id: parcel
version: 2026-1
owner: the post
title: How a parcel goes
effective: {from: 2026-01-01}
hit: first
inputs:
  weight: {type: integer, label: Weight in grams}
outputs:
  route: {type: enum, values: [land, air], label: How it goes}
rules:
  - {id: P-1, when: {weight: "> 100"}, then: {route: land}, because: "heavy"}
  - {id: P-2, when: {weight: "<= 100"}, then: {route: air}, because: "light"}
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small project of two modules and a table."""
    yield made(tmp_path / "here", monkeypatch)
    forget()


def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir()
    (folder / "langgraph.json").write_text(
        '{"graphs": {"parcel": "./parcel.py:graph", "letter": "./parcel.py:graph"}}'
    )
    (folder / "parcel.py").write_text(GRAPH)
    (folder / "parcel_steps.py").write_text(STEPS)
    (folder / "parcel.yaml").write_text(TABLE)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def forget() -> None:
    """Do what a new process begins with: nothing is imported."""
    sys.modules.pop("parcel_steps", None)
    importlib.invalidate_caches()


def loaded(folder: Path) -> Process:
    forget()
    return load_registry(folder / "langgraph.json").get("parcel")


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("parcel.py", "return {}", 'return {"item": "gone"}'),
        ("parcel_steps.py", '"box"', '"bag"'),
        ("parcel.yaml", "heavy", "too heavy"),
        ("parcel.py", '[pack, send]).add_edge(START, "pack")', '[send, pack]).add_edge(START, "send")'),
        ("parcel.py", "item: str", "item: str = ''"),
    ],
    ids=["a step", "a module that it imports", "a table", "the edges", "the state"],
)
def test_a_change_makes_another_version(checkout: Path, file: str, old: str, new: str) -> None:
    before = loaded(checkout).version

    change(checkout / file, old, new)
    if "[send, pack]" in new:
        change(checkout / file, 'add_edge("send", END)', 'add_edge("pack", END)')

    assert loaded(checkout).version != before


def test_another_checkout_with_other_line_ends_is_the_same_version(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = loaded(checkout)
    there = made(tmp_path / "there", monkeypatch)
    for file in there.glob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    elsewhere = loaded(there)

    assert sys.modules["process_parcel"].__file__ == str(there / "parcel.py")
    assert elsewhere.version == here.version


def test_a_module_that_it_does_not_import_does_not_count(checkout: Path) -> None:
    before = loaded(checkout).version

    (checkout / "letter.py").write_text("graph = None")

    assert loaded(checkout).version == before


def test_the_outline_names_what_the_version_is_made_of(checkout: Path) -> None:
    outline = loaded(checkout).outline

    assert set(outline["nodes"]) == {"pack", "send"}
    assert set(outline["tables"]) == {"parcel"}
    assert {"process_parcel", "parcel_steps", "rules"} <= set(outline["modules"])
    assert not [name for name in outline["modules"] if name.startswith(("server", "langgraph", "pydantic"))]


def test_two_processes_of_one_graph_have_versions_of_their_own(checkout: Path) -> None:
    parcel, letter = load_registry(checkout / "langgraph.json")

    assert parcel.version != letter.version
