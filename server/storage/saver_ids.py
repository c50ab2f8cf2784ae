"""Checkpoint ids that grow along a case, whatever the clocks of its workers say.

LangGraph takes the largest id for the newest checkpoint, and makes an id of the wall clock. A case whose next
worker's clock is behind would stand where it stood before, with all that was done since out of sight. In one
process LangGraph never gives an id below its last one; here that holds for what the process has read, too.
"""

from langgraph.checkpoint.base import id as ids


def keep_after(checkpoint_id: str) -> None:
    """Let this process make only ids that come after this one."""
    try:
        made_at = ids.UUID(checkpoint_id).time
    except ValueError:  # whoever made it did not take it from a clock
        return
    last: int = ids._last_v6_timestamp or 0
    ids._last_v6_timestamp = max(last, made_at)  # type: ignore[assignment]  # it begins as None
