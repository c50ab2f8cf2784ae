"""Whether a case that stopped under one version of its process can go on under another."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.types import Send
from pydantic import BaseModel, ValidationError

from server.engine.registry import Process
from server.errors import BadRequest

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
    return [*_of_steps(process, head, outline=outline or {}), *_of_state(process, head)]


def pending_steps(head: CheckpointTuple) -> set[str]:
    """Name the steps that a checkpoint leads to, whatever graph wrote it."""
    return {channel.rpartition(":")[2] for channel in _held_channels(head)} | set(_sent_to(head))


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


def _of_state(process: Process, head: CheckpointTuple) -> Iterator[Obstacle]:
    model = process.graph.builder.state_schema
    values = head.checkpoint["channel_values"]
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or "__start__" in values:
        return
    try:
        model.model_validate({name: values[name] for name in model.model_fields if name in values})
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            name = ".".join(map(str, one["loc"]))
            yield Obstacle(kind="state", name=name, message=f"the state's field {name!r}: {one['msg']}")


def _held_channels(head: CheckpointTuple) -> set[str]:
    """Name the channels that lead to a step and hold something: in the checkpoint, or written since."""
    values = head.checkpoint["channel_values"]
    held = {name for name in values if name.startswith(_BRANCH)}
    held |= {name for name, value in values.items() if name.startswith(_JOIN) and any(value)}
    written = {channel for _, channel, _ in head.pending_writes or []}
    return held | {name for name in written if name.startswith((_BRANCH, _JOIN))}


def _sent_to(head: CheckpointTuple) -> Iterator[str]:
    sent = list(head.checkpoint["channel_values"].get(_SENDS) or [])
    sent += [value for _, channel, value in head.pending_writes or [] if channel == _SENDS]
    return (one.node for one in sent if isinstance(one, Send))


def _interrupted_tasks(head: CheckpointTuple) -> set[str]:
    return {task for task, channel, _ in head.pending_writes or [] if channel == _INTERRUPT}
