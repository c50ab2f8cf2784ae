"""What a migration does to a waiting case, and why it cannot be done to some."""

from typing import Any

from langgraph.channels import BinaryOperatorAggregate
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.types import Overwrite
from pydantic import BaseModel, JsonValue

from server.engine.continuity import (
    edits_of,
    has_sends,
    held_joins,
    is_done_in_part,
    pending_steps,
    state_obstacles,
    values_of,
)
from server.engine.registry import Process
from server.errors import BadRequest


class Plan(BaseModel):
    """Where waiting cases go on, and what becomes of their state.

    `steps` maps a step of the old graph to one of the new, `renames` a field of the old state to one of the
    new, and `values` sets fields of the new state. What is not named stays as it is.
    """

    steps: dict[str, str] = {}
    renames: dict[str, str] = {}
    values: dict[str, JsonValue] = {}


def check_plan(plan: Plan, process: Process) -> None:
    """Accept a plan whose steps and fields the process has.

    Raises:
        BadRequest: naming the one that it has not.
    """
    for old, new in plan.steps.items():
        if new not in process.graph.builder.nodes:
            raise BadRequest(f"{process.name} has no step {new!r}", field=f"steps.{old}")
    fields = _fields_of(process)
    for old, new in plan.renames.items():
        if new not in fields:
            raise BadRequest(f"the state of {process.name} has no field {new!r}", field=f"renames.{old}")
    for name in plan.values:
        if name not in fields:
            raise BadRequest(f"the state of {process.name} has no field {name!r}", field=f"values.{name}")


def steps_after(plan: Plan, head: CheckpointTuple) -> set[str]:
    """Name the steps of the new graph at which a case goes on."""
    return {plan.steps.get(step, step) for step in pending_steps(head)}


def updates_of(plan: Plan, head: CheckpointTuple) -> dict[str, Any]:
    """Return the fields of the new state that the plan changes, and those that were edited before."""
    values = values_of(head)
    renamed = {new: values[old] for old, new in plan.renames.items() if old in values}
    return edits_of(head) | renamed | plan.values


def refusal_of(plan: Plan, process: Process, head: CheckpointTuple) -> str | None:
    """Say why a waiting case cannot be taken to this version of its process as it stands."""
    if is_done_in_part(head):
        return "a part of its step, or a step beside it, is done already: answer its review first"
    if has_sends(head):
        return "its step works on what another step sent to it"
    if any(join not in process.graph.channels or is_full for join, is_full in held_joins(head)):
        return "steps that run side by side meet where it waits"
    if missing := sorted(steps_after(plan, head) - process.graph.builder.nodes.keys()):
        return f"the step {missing[0]!r} is gone, and the plan maps it to none"
    values = values_of(head) | updates_of(plan, head)
    return next((obstacle.message for obstacle in state_obstacles(process, values)), None)


def writes_of(plan: Plan, process: Process, head: CheckpointTuple) -> dict[str, Any]:
    """Return what to write to the state: values that replace, also where the field has a reducer."""
    return {
        name: Overwrite(value) if isinstance(process.graph.channels[name], BinaryOperatorAggregate) else value
        for name, value in updates_of(plan, head).items()
        if name in process.graph.channels
    }


def _fields_of(process: Process) -> set[str]:
    return set(process.graph.builder.channels)
