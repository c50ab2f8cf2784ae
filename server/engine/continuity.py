"""Whether a case that stopped under one version of its process can go on under another."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import structlog
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.types import Send
from pydantic import BaseModel, ValidationError

from server.engine.registry import Process
from server.errors import BadRequest
from server.storage.checkpoints import OUTSIDE

log = structlog.get_logger()

_BRANCH = "branch:to:"
_JOIN = "join:"
_SENDS = "__pregel_tasks"
_INTERRUPT = "__interrupt__"

What = Literal["process", "step", "review", "state", "input"]


class Obstacle(BaseModel):
    """One reason why a case cannot go on: what is missing (`kind`), its name, and a sentence."""

    kind: What
    name: str
    message: str


def obstacles_of(
    process: Process,
    head: CheckpointTuple | None,
    *,
    input_: dict[str, Any],
    outline: dict[str, Any] | None,
) -> list[Obstacle]:
    """Say what keeps a case from going on under this version of its process.

    `head` is its newest checkpoint, and `outline` what its own version was made of, as far as that is known.
    LangGraph itself would pass over a step that is gone and call the case finished.
    """
    if head is None:
        return list(_of_input(process, input_))
    has_begun = "__start__" not in head.checkpoint["channel_values"]
    facts = state_obstacles(process, values_of(head)) if has_begun else _of_input(process, input_)
    return [*_of_steps(process, head, outline=outline or {}), *facts]


def values_of(head: CheckpointTuple) -> dict[str, Any]:
    """Return what the channels hold, with what an operator has edited since."""
    return head.checkpoint["channel_values"] | edits_of(head)


def edits_of(head: CheckpointTuple) -> dict[str, Any]:
    """Return the fields that an operator has given other values since the checkpoint."""
    written = {channel: value for task, channel, value in head.pending_writes or [] if task == OUTSIDE}
    return {
        name: value["__overwrite__"] if isinstance(value, dict) and "__overwrite__" in value else value
        for name, value in written.items()
        if not name.startswith("__")
    }


def pending_steps(head: CheckpointTuple) -> set[str]:
    """Name the steps that come next after a checkpoint, whatever graph wrote it."""
    reached = {name for name in head.checkpoint["channel_values"] if name.startswith(_BRANCH)}
    reached |= {name for name, is_full in held_joins(head) if is_full}
    return {channel.rpartition(":")[2] for channel in reached} | set(_sent_to(head))


def is_done_in_part(head: CheckpointTuple) -> bool:
    """Say whether a step that comes next has written something already, or one beside it has ended."""
    return any(task != OUTSIDE and channel != _INTERRUPT for task, channel, _ in head.pending_writes or [])


def has_sends(head: CheckpointTuple) -> bool:
    """Say whether a step comes next because another one sent work to it."""
    return any(_sent_to(head))


def held_joins(head: CheckpointTuple) -> Iterator[tuple[str, bool]]:
    """Yield the channels of joins that some of their steps have reached, and whether all have."""
    for name, value in head.checkpoint["channel_values"].items():
        if name.startswith(_JOIN) and (reached := _reached(value)):
            yield name, set(name.removeprefix(_JOIN).rpartition(":")[0].split("+")) <= reached


def _reached(value: Any) -> set[str]:
    """Return the steps that have reached a join; a deferred one keeps a flag beside them."""
    names = value[0] if isinstance(value, tuple | list) else value
    return set(names or ())


def _of_input(process: Process, input_: dict[str, Any]) -> Iterator[Obstacle]:
    try:
        process.check_input(input_)
    except BadRequest as refused:
        name = (refused.field or "").removeprefix("input.")
        yield Obstacle(kind="input", name=name, message=f"the input {name!r} is refused: {refused.message}")


def _of_steps(process: Process, head: CheckpointTuple, *, outline: dict[str, Any]) -> Iterator[Obstacle]:
    channels = _held_channels(head)
    gone = {channel.rpartition(":")[2] for channel in channels if channel not in process.graph.channels}
    gone |= {step for step in _sent_to(head) if step not in process.graph.nodes}
    asking = bool(_interrupted_tasks(head))
    for step in sorted(gone):
        yield Obstacle(
            kind="review" if asking else "step",
            name=step,
            message=f"the step {step!r}{', which asked the open review,' if asking else ''} is gone",
        )
    if asking:
        yield from _moved(process, pending_steps(head) - gone, outline=outline)


def _moved(process: Process, steps: Iterable[str], *, outline: dict[str, Any]) -> Iterator[Obstacle]:
    """Find steps that other edges lead to now: LangGraph derives the id of an interrupt from them too."""
    for step in sorted(steps):
        before = outline.get("nodes", {}).get(step)
        if before and before["triggers"] != process.outline["nodes"][step]["triggers"]:
            yield Obstacle(
                kind="review",
                name=step,
                message=f"other edges join at the step {step!r}, so that its open review would get no answer",
            )


def state_obstacles(process: Process, values: Mapping[str, Any]) -> Iterator[Obstacle]:
    """Say which of these values, by field, the state's model refuses; other names are passed over."""
    model = process.state_model
    if model is None:
        return
    try:
        model.model_validate({name: values[name] for name in model.model_fields if name in values})
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(map(str, one["loc"]))
            yield Obstacle(kind="state", name=name, message=f"the state's field {name!r}: {one['msg']}")
    except Exception as error:  # a validator is the process's own code, and one case must not stop the rest
        log.exception("state_not_validated", process=process.name)
        name = type(error).__name__
        yield Obstacle(kind="state", name=name, message=f"the state's model fails on it with {name}")


def _held_channels(head: CheckpointTuple) -> set[str]:
    """Name the channels that lead to a step and hold something: in the checkpoint, or written since."""
    values = head.checkpoint["channel_values"]
    held = {name for name in values if name.startswith(_BRANCH)}
    held |= {name for name, _ in held_joins(head)}
    written = {channel for _, channel, _ in head.pending_writes or []}
    return held | {name for name in written if name.startswith((_BRANCH, _JOIN))}


def _sent_to(head: CheckpointTuple) -> Iterator[str]:
    sent = list(head.checkpoint["channel_values"].get(_SENDS) or [])
    sent += [value for _, channel, value in head.pending_writes or [] if channel == _SENDS]
    return (one.node for one in sent if isinstance(one, Send))


def _interrupted_tasks(head: CheckpointTuple) -> set[str]:
    return {task for task, channel, _ in head.pending_writes or [] if channel == _INTERRUPT}
