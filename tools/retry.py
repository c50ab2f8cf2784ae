"""When LangGraph may run a step again because of a tool."""

from langgraph.types import RetryPolicy

from tools.errors import ToolError


def may_repeat(error: Exception) -> bool:
    """Whether a step that ended with `error` may run again from its top.

    Only our own taxonomy can tell; LangGraph's default would repeat a lost write, and an error of the
    database or of our own code is nothing that patience mends.
    """
    return isinstance(error, ToolError) and error.repeatable


# Five tries over about eight seconds outlast the restart of a tool server, not its repair.
RETRY = RetryPolicy(
    initial_interval=0.5,
    backoff_factor=2.0,
    max_interval=5.0,
    max_attempts=5,
    jitter=True,
    retry_on=may_repeat,
)
