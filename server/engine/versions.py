"""The version of a process: a digest of everything that decides how its cases go on."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, PydanticUserError, TypeAdapter

from rules import LayeredTable, Table
from rules.canonical import digest_of
from server.engine.sources import is_ours, sources_of

SHOWN = 12  # hex digits of a digest that name a version

Builder = StateGraph[Any, Any, Any, Any]
Compiled = CompiledStateGraph[Any, Any, Any, Any]


@dataclass(frozen=True)
class Version:
    """A version of a process: its name, and what it was made of.

    `outline` is plain JSON: `nodes` (each with its digest and triggers), `edges`, `branches`, `state`,
    `input`, `modules` and `tables` (each with its digest).
    """

    name: str
    outline: dict[str, Any]
    tables: tuple[LayeredTable, ...]


def version_of(process: str, graph: Compiled, *, module: ModuleType | None = None) -> Version:
    """Describe a compiled graph; `module` is the one that it was imported from.

    The same process has the same version on every machine: paths, line endings and the order in which nodes
    were added do not count.
    """
    builder = graph.builder
    functions = list(_functions(builder))
    seeds = [module] if module else []
    names = {one.__module__ for one in functions if is_ours(one.__module__)}
    seeds += [sys.modules[name] for name in names if name in sys.modules]
    sources = sources_of(seeds)
    tables = _tables(functions, modules=[sys.modules[name] for name in sources if name in sys.modules])
    outline = {
        "nodes": {name: _node(graph, name) for name in builder.nodes},
        "edges": sorted(
            [*map(list, builder.edges), *([list(a), b] for a, b in builder.waiting_edges)], key=str
        ),
        "branches": _branches(builder),
        "state": _schema(builder.state_schema),
        "input": _schema(builder.input_schema),
        "modules": {name: _digest(text) for name, text in sources.items()},
        "tables": {table.base.id: table.digest for table in tables},
    }
    name = digest_of({"process": process, **outline}).removeprefix("sha256:")[:SHOWN]
    return Version(name, outline, tables)


def _node(graph: Compiled, name: str) -> dict[str, Any]:
    runnable = graph.builder.nodes[name].runnable
    texts = [_text(one) for one in _functions_of(runnable)]
    return {"digest": _digest("\n".join(texts)), "triggers": sorted(graph.nodes[name].triggers)}


def _branches(builder: Builder) -> list[list[Any]]:
    found = [
        [source, name, sorted(branch.ends.items()) if branch.ends else None]
        for source, branches in builder.branches.items()
        for name, branch in branches.items()
    ]
    return sorted(found, key=str)


def _functions(builder: Builder) -> Iterator[Callable[..., Any]]:
    """Yield what the nodes and branches of a graph run, and those of the graphs inside it."""
    for spec in builder.nodes.values():
        yield from _functions_of(spec.runnable)
    for branches in builder.branches.values():
        for branch in branches.values():
            yield from _functions_of(branch.path)


def _functions_of(runnable: object) -> Iterator[Callable[..., Any]]:
    if isinstance(runnable, CompiledStateGraph):
        yield from _functions(runnable.builder)
        return
    function = getattr(runnable, "afunc", None) or getattr(runnable, "func", None) or runnable
    if callable(function) and inspect.isroutine(unwrapped := inspect.unwrap(function)):
        yield unwrapped


def _tables(functions: list[Callable[..., Any]], *, modules: list[ModuleType]) -> tuple[LayeredTable, ...]:
    """Find the tables that the process holds: in a step, as `decide` does, or in a module."""
    held = [value for function in functions for value in _enclosed(function)]
    held += [value for module in modules for value in vars(module).values()]
    tables = [LayeredTable(one, ()) if isinstance(one, Table) else one for one in held]
    return tuple({one.digest: one for one in tables if isinstance(one, LayeredTable)}.values())


def _enclosed(function: Callable[..., Any]) -> list[object]:
    return list(inspect.getclosurevars(function).nonlocals.values()) if inspect.isfunction(function) else []


def _schema(kind: Any) -> Any:
    """Return the JSON Schema of a state, or its fields' names where it has none."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_json_schema()
    try:
        return TypeAdapter(kind).json_schema()
    except PydanticUserError:
        return sorted(getattr(kind, "__annotations__", {}))


def _text(function: Callable[..., Any]) -> str:
    try:
        return "\n".join(inspect.getsource(function).splitlines())
    except (OSError, TypeError):  # no source at hand: the digest of its module, if ours, still counts
        return function.__qualname__


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
