"""What every process owes its host, over every entry of langgraph.json."""

import ast
import inspect
import json
import sys
from pathlib import Path

import pytest
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel

from server.engine.registry import Process, find_manifest, load_registry

PROCESSES = list(load_registry())
ENTRIES = json.loads(find_manifest().read_text("utf-8"))["graphs"]

every_process = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)


def module_of(process: Process) -> Path:
    return find_manifest().parent / ENTRIES[process.name].partition(":")[0]


def test_every_entry_is_loaded() -> None:
    assert {process.name for process in PROCESSES} == set(ENTRIES)
    assert PROCESSES


@every_process
def test_it_exports_the_graph_uncompiled(process: Process) -> None:
    module = sys.modules[f"graphs.{process.name}"]

    assert isinstance(module.graph, StateGraph)
    assert not isinstance(module.graph, CompiledStateGraph)


@every_process
def test_the_module_and_every_step_say_what_they_do(process: Process) -> None:
    assert process.doc
    assert [step.name for step in process.steps if not step.doc] == []


@every_process
def test_its_state_and_its_input_are_models(process: Process) -> None:
    schema = process.graph.builder.state_schema

    assert issubclass(schema, BaseModel)
    assert process.input_model is not None


@every_process
def test_its_input_hands_in_no_outcome(process: Process) -> None:
    assert process.input_model is not None
    handed_in = set(process.input_model.model_fields)

    assert handed_in < set(process.graph.builder.state_schema.model_fields)
    assert handed_in.isdisjoint({"outcome", "decision", "result", "answer"})


@every_process
def test_it_imports_no_other_process_and_no_host(process: Process) -> None:
    tree = ast.parse(module_of(process).read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }

    assert [name for name in imported if name.split(".")[0] in {"graphs", "server"}] == []


@every_process
def test_annotations_are_real_at_run_time(process: Process) -> None:
    """LangGraph drops edges, in silence, for annotations that it cannot resolve."""
    source = inspect.getsource(sys.modules[f"graphs.{process.name}"])

    assert "from __future__ import annotations" not in source
    assert "TYPE_CHECKING" not in source


@every_process
def test_every_step_is_reached_and_leads_on(process: Process) -> None:
    picture = process.graph.get_graph()
    sources = {edge.source for edge in picture.edges}
    targets = {edge.target for edge in picture.edges}
    steps = {step.name for step in process.steps}

    assert steps <= sources
    assert steps <= targets
