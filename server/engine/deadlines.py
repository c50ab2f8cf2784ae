"""The hard deadline of a step, which LangGraph keeps."""

from dataclasses import replace
from typing import Any

from langgraph.graph import START
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel._read import PregelNode
from langgraph.types import TimeoutPolicy


def timed_nodes(graph: CompiledStateGraph[Any, Any, Any, Any], step_s: float) -> dict[str, PregelNode]:
    """Return the graph's nodes, each with a deadline for one try: `step_s`, or its own if that is shorter.

    A graph refuses such nodes while it is compiled or copied if one is synchronous, for its thread goes on
    after the deadline. So a run is given them afterwards, and `server.engine.threads` knows what goes on.
    """
    return {name: node if name == START else _timed(node, step_s) for name, node in graph.nodes.items()}


def _timed(node: PregelNode, step_s: float) -> PregelNode:
    own = node.timeout or TimeoutPolicy()
    run_s = min(step_s, own.run_timeout) if isinstance(own.run_timeout, float) else step_s
    return node.copy({"timeout": replace(own, run_timeout=run_s)})
