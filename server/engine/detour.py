"""A way round the edges of a graph, for the operator who lets a case go on elsewhere."""

import copy
from collections.abc import Iterable

from server.engine.registry import Graph, Process

DETOUR = "steward_detour"  # the step that leads there; it never runs


def detour(process: Process, steps: Iterable[str]) -> Graph:
    """Return the graph with one more step, which leads to the given ones.

    What LangGraph writes after that step is a checkpoint at which exactly these steps come next, with the
    ordinary means of LangGraph and whatever its checkpoints look like inside.
    """
    builder = copy.copy(process.graph.builder)
    builder.compiled = False
    builder.nodes, builder.edges = dict(builder.nodes), set(builder.edges)
    builder.add_node(DETOUR, lambda state: {})
    for step in steps:
        builder.add_edge(DETOUR, step)
    return builder.compile(name=process.name)
