"""What is wrong with policies before they decide anything: names, types, and masks that hide nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import cedarpy
from pydantic import JsonValue

from server.policies.actions import ToolAction
from server.policies.reading import Policy
from server.policies.rulings import PolicySet

_OURS = "for policy `policy0`, "


def flaws_of(policies: PolicySet) -> list[str]:
    """Return all that is wrong, each with file and line."""
    return [
        f"{policy.place}: {policy.id}: {flaw}"
        for policy in policies.policies.values()
        for flaw in (*_flaws_of_text(policy, policies), *_flaws_of_masks(policy, policies))
    ]


def actions_in_scope(policy: Policy, actions: Mapping[str, ToolAction]) -> list[ToolAction]:
    """Return the tools that the head of a policy speaks of; its conditions may narrow them further."""
    scope = policy.parsed["action"]
    named = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    ids = {_id_of(entity) for entity in named}
    return [one for one in actions.values() if scope["op"] == "All" or ids & {one.id, one.group}]


def _id_of(entity: dict[str, Any]) -> str:
    return str(entity.get("__entity", entity)["id"])


def _flaws_of_text(policy: Policy, policies: PolicySet) -> Iterator[str]:
    result = cedarpy.validate_policies(policy.text, policies.schema)
    for error in result.errors:
        yield error.error.removeprefix(_OURS)


def _flaws_of_masks(policy: Policy, policies: PolicySet) -> Iterator[str]:
    actions = actions_in_scope(policy, policies.actions)
    for masked in (owed.detail for owed in policy.obligations if owed.kind == "mask"):
        for action in actions:
            if needed := _needed(action, masked):
                yield f"it masks {masked}, and {action.id} cannot do without {needed} in its receipt"
        if actions and not any(_may_answer(action, masked) for action in actions):
            yield f"it masks {masked}, which no tool that it speaks of answers"


def _needed(action: ToolAction, masked: str) -> str | None:
    """Return the field of the receipt that undoing or comparing the effect takes, if it would be masked."""
    record, undoing = action.server.record, action.entry.compensated_by
    taken = [path.removeprefix("receipt.") for path in undoing.arguments.values()] if undoing else []
    if record and action.group == "change":
        taken += list(record.left_nothing)
    return next((path for path in taken if f"{path}.".startswith(f"{masked}.")), None)


def _may_answer(action: ToolAction, masked: str) -> bool:
    """Say whether a tool's answers may have the field; of a tool without a schema nothing is known."""
    if action.answers is None:
        return True
    definitions = action.answers.get("$defs")
    known = definitions if isinstance(definitions, dict) else {}
    return _has(action.answers, masked.split("."), definitions=known)


def _has(schema: Any, path: list[str], *, definitions: Mapping[str, JsonValue], depth: int = 20) -> bool:
    if not isinstance(schema, dict) or not depth:
        return True
    if isinstance(reference := schema.get("$ref"), str):
        target = definitions.get(reference.removeprefix("#/$defs/"))
        return _has(target, path, definitions=definitions, depth=depth - 1)
    if isinstance(choices := schema.get("anyOf") or schema.get("oneOf"), list):
        return any(_has(one, path, definitions=definitions, depth=depth - 1) for one in choices)
    if "items" in schema:
        return _has(schema["items"], path, definitions=definitions, depth=depth - 1)
    if not path:
        return True
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema.get("type") in (None, "object")
    inner = path[1:]
    return path[0] in properties and _has(
        properties[path[0]], inner, definitions=definitions, depth=depth - 1
    )
