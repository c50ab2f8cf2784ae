"""The processes that langgraph.json lists."""

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel._read import PregelNode
from langgraph.store.base import BaseStore
from pydantic import BaseModel, ValidationError

from rules import LayeredTable
from rules.verify import check_layers
from server.engine.deadlines import timed_nodes
from server.engine.limits import RESERVED, HostLimits, Limits, load_limits
from server.engine.versions import version_of
from server.errors import BadRequest, NotFound, StartRefused
from tools.errors import ToolError

Graph = CompiledStateGraph[Any, Any, Any, Any]


@dataclass(frozen=True)
class Step:
    """One node of a process, with the docstring that says what it does."""

    name: str
    doc: str


@dataclass(frozen=True)
class Process:
    """A graph under its name. `graph` is compiled without a checkpointer; a run brings its own.

    `version` names what it is made of, and `outline` says it; see `server.engine.versions`. `tables` are the
    decision tables among that.
    """

    name: str
    version: str
    outline: dict[str, Any]
    tables: tuple[LayeredTable, ...]
    doc: str
    graph: Graph
    input_model: type[BaseModel] | None
    state_model: type[BaseModel] | None
    input_schema: dict[str, Any]
    steps: tuple[Step, ...]
    mermaid: str
    limits: Limits
    timed_nodes: dict[str, PregelNode]

    def check_input(self, input_: dict[str, Any]) -> dict[str, Any]:
        """Return the input as plain JSON if the process takes it.

        Raises:
            BadRequest: naming the field that is wrong, and what is wrong with it.
        """
        if self.input_model is None:
            return input_
        if unknown := sorted(input_.keys() - self.input_model.model_fields.keys()):
            raise BadRequest("the process takes no such input", field=f"input.{unknown[0]}")
        try:
            self.input_model.model_validate(input_)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            path = ".".join(str(part) for part in first["loc"])
            raise BadRequest(first["msg"], field=f"input.{path}" if path else "input") from error
        return input_


class Registry:
    """All processes by name, and the limits of each."""

    def __init__(self, processes: list[Process], *, limits: HostLimits | None = None) -> None:
        self._by_name = {process.name: process for process in processes}
        self.limits = limits or HostLimits()

    def __iter__(self) -> Iterator[Process]:
        return iter(self._by_name.values())

    @property
    def tables(self) -> list[LayeredTable]:
        """The decision tables of all processes."""
        return [table for process in self for table in process.tables]

    def has(self, name: str, *, version: str) -> bool:
        """Say whether cases under this version can be run here; one without a version fits any."""
        process = self.find(name)
        return process is not None and version in ("", process.version)

    def find(self, name: str) -> Process | None:
        return self._by_name.get(name)

    def get(self, name: str) -> Process:
        """Return the process.

        Raises:
            NotFound: langgraph.json lists none of this name.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise NotFound(f"there is no process {name!r}") from None


def find_manifest() -> Path:
    """Return langgraph.json: of the checkout, or the copy that the wheel carries."""
    server = Path(__file__).resolve().parent.parent
    for candidate in (server.parent / "langgraph.json", server / "langgraph.json"):
        if candidate.is_file():
            return candidate
    raise StartRefused("langgraph.json is missing")


def load_registry(
    manifest: Path | None = None, *, store: BaseStore | None = None, own_limits: Path | None = None
) -> Registry:
    """Import and compile every process that the manifest lists, and read the limits.

    Raises:
        StartRefused: there is no such file, an entry names no graph, the graph does not compile, a limit is
            none, or a table that a process decides by has an error that `steward rules check` finds.
    """
    file = manifest or find_manifest()
    try:
        graphs = json.loads(file.read_text("utf-8")).get("graphs", {})
    except (OSError, ValueError, AttributeError) as error:
        raise StartRefused(f"{file} lists no processes: {error}") from error
    if reserved := sorted(graphs.keys() & RESERVED):
        raise StartRefused(f"langgraph.json: no process may be called {reserved[0]!r}")
    limits = load_limits(own_limits, processes=graphs.keys())
    folder = file.resolve().parent
    processes = [
        _load_process(name, target, folder=folder, store=store, limits=limits.of(name))
        for name, target in graphs.items()
    ]
    registry = Registry(processes, limits=limits)
    _refuse_flawed(registry.tables)
    return registry


def _refuse_flawed(tables: Iterable[LayeredTable]) -> None:
    flaws = [flaw for table in {one.digest: one for one in tables}.values() for flaw in check_layers(table)]
    errors = [str(flaw) for flaw in flaws if flaw.severity == "error"]
    if errors:
        raise StartRefused("; ".join(errors))


def _load_process(
    name: str, target: str, *, folder: Path, store: BaseStore | None, limits: Limits
) -> Process:
    path, _, attribute = target.rpartition(":")
    try:
        module = _import(name, path, folder=folder)
        builder = getattr(module, attribute)
    except (ImportError, AttributeError, ToolError) as error:
        raise StartRefused(
            f"langgraph.json: {name} is {target!r}, which cannot be imported: {error}"
        ) from error
    if not isinstance(builder, StateGraph):
        raise StartRefused(
            f"langgraph.json: {name} must be a StateGraph that is not compiled, for {target!r} is not"
        )
    return as_process(
        name, builder, doc=inspect.getdoc(module) or "", store=store, limits=limits, module=module
    )


def _import(name: str, path: str, *, folder: Path) -> ModuleType:
    """Import a process: one of ours by its package, an operator's from its file beside the manifest."""
    file = folder / path
    if folder == find_manifest().parent or not file.is_file():
        return importlib.import_module(path.removeprefix("./").removesuffix(".py").replace("/", "."))
    spec = importlib.util.spec_from_file_location(f"process_{name}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # LangGraph resolves annotations through it
    spec.loader.exec_module(module)
    return module


def as_process(
    name: str,
    builder: StateGraph[Any, Any, Any, Any],
    *,
    doc: str,
    store: BaseStore | None,
    limits: Limits | None = None,
    module: ModuleType | None = None,
) -> Process:
    """Compile a graph, once, and read off what the host shows of it."""
    limits = limits or Limits()
    graph = builder.compile(store=store, name=name)
    version = version_of(name, graph, module=module)
    return Process(
        name=name,
        version=version.name,
        outline=version.outline,
        tables=version.tables,
        doc=doc,
        graph=graph,
        input_model=_model_of(builder.input_schema),
        state_model=_model_of(builder.state_schema),
        input_schema=graph.get_input_jsonschema(),
        steps=tuple(Step(node, _doc_of(spec.runnable)) for node, spec in builder.nodes.items()),
        mermaid=graph.get_graph().draw_mermaid(),
        limits=limits,
        timed_nodes=timed_nodes(graph, limits.step_s),
    )


def _model_of(schema: Any) -> type[BaseModel] | None:
    return schema if isinstance(schema, type) and issubclass(schema, BaseModel) else None


def _doc_of(runnable: Any) -> str:
    function = getattr(runnable, "afunc", None) or getattr(runnable, "func", None) or runnable
    return inspect.getdoc(function) or ""
