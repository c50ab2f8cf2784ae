"""What a tool says of how far it is, passed on to whoever follows the case."""

import time
from contextvars import copy_context

from langgraph.config import get_stream_writer
from langgraph.runtime import DEFAULT_RUNTIME
from mcp.shared.session import ProgressFnT

from tools.ports import Call
from tools.words import quoted

# A tool may report as often as it likes; nobody reads faster than this.
EVERY_S = 0.2


def find_listener(call: Call) -> ProgressFnT | None:
    """Return what writes a call's progress to LangGraph's custom stream; None where nobody reads it.

    Each item is `{"tool_progress": {"tool", "progress", "total", "message"}}`. It is what the server says,
    and extends nothing: the call's deadline stays.
    """
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # outside a graph
        return None
    if write is DEFAULT_RUNTIME.stream_writer:
        return None
    told_at, context = float("-inf"), copy_context()  # the writer asks which step it writes for

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        nonlocal told_at
        if (now := time.monotonic()) - told_at < EVERY_S and progress != total:
            return
        told_at = now
        said = None if message is None else quoted(message)
        told = {"tool": f"{call.server}.{call.tool}", "progress": progress, "total": total, "message": said}
        context.run(write, {"tool_progress": told})

    return listen
