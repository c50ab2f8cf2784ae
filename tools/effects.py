"""The key of an effect: the same for every try of one call, and for no other call.

It is `case/step/effect/ordinal`. The case is LangGraph's thread and the step its node and task id, which
stay the same when the step runs again after a crash, a retry or an answer. The ordinal counts the calls
of one tool within one execution of the step, so it begins at 1 again whenever the step does.
"""

import hashlib
import json
from collections import Counter, OrderedDict
from dataclasses import dataclass

from langgraph.config import get_config
from langgraph.runtime import get_runtime
from pydantic import JsonValue

# Far more executions than one process has under way at a time, so that none is forgotten half-way.
REMEMBERED_EXECUTIONS = 10_000


@dataclass(frozen=True)
class Execution:
    """One execution of a step: what stays the same when it runs again, and what tells it from the others.

    `began_at` belongs to the first try in this process, and `attempt` counts the tries since.
    """

    case: str
    step: str
    began_at: float | None
    attempt: int


_ordinals: OrderedDict[Execution, Counter[str]] = OrderedDict()


def find_execution() -> Execution | None:
    """Say which step of which case is running here; None outside a graph that keeps checkpoints."""
    try:
        runtime = get_runtime()
        node = get_config()["metadata"]["langgraph_node"]
    except (RuntimeError, KeyError):
        return None
    info = runtime.execution_info if runtime else None
    if info is None or info.thread_id is None:
        return None
    return Execution(
        case=info.thread_id,
        step=f"{node}:{info.task_id}",
        began_at=info.node_first_attempt_time,
        attempt=info.node_attempt,
    )


def next_key(execution: Execution, effect: str) -> str:
    """Give the key of the next call of `effect` within this execution."""
    ordinals = _ordinals.setdefault(execution, Counter())
    _ordinals.move_to_end(execution)
    while len(_ordinals) > REMEMBERED_EXECUTIONS:
        _ordinals.popitem(last=False)
    ordinals[effect] += 1
    return f"{execution.case}/{execution.step}/{effect}/{ordinals[effect]}"


def digest(arguments: dict[str, JsonValue]) -> str:
    """Return the SHA-256, in hex, of the arguments' canonical JSON."""
    canonical = json.dumps(
        arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
