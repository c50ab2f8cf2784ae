"""Business processes, one module each: state, steps, graph, from top to bottom."""
