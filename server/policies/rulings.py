"""Asking the policies: one call, one answer, and nothing but a clear permit lets it pass."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import cedarpy
from pydantic import JsonValue

from server.policies.actions import ToolAction, cedar_schema
from server.policies.reading import Policy
from server.policies.shapes import Inexpressible
from tools.ports import Call, Caller, Obligation, Verdict

UNPERMITTED = "no policy permits it"
_CALLERS = 1000


class PolicySet:
    """Policies and the tools that they speak of, parsed once and asked for every call."""

    def __init__(self, policies: Sequence[Policy], actions: Mapping[str, ToolAction]) -> None:
        self.policies = {policy.id: policy for policy in policies}
        self.actions = actions
        self.schema = cedarpy.Schema.from_str(cedar_schema(actions.values()))
        self._deciding = cedar_policies(policy for policy in policies if not policy.tried)
        self._tried = cedar_policies(policy for policy in policies if policy.tried)
        self._entities = lru_cache(maxsize=_CALLERS)(self._entities_of)

    def decide(self, call: Call) -> Verdict:
        """Say whether the call may leave. A verdict that allows it may still oblige to a review."""
        try:
            request = self.request(call)
        except Inexpressible as error:
            return Verdict(allowed=False, reason=str(error))
        verdict = self._verdict(self.ask(request, call.caller, self._deciding))
        return self._with_trial(verdict, request, call.caller) if len(self._tried) else verdict

    def ask(
        self, request: dict[str, Any], caller: Caller, policies: cedarpy.PolicySet
    ) -> cedarpy.AuthzResult:
        """Let Cedar evaluate."""
        return cedarpy.is_authorized(request, policies, self._entities(caller), self.schema)

    def request(self, call: Call) -> dict[str, Any]:
        """Put a call in Cedar's words.

        Raises:
            Inexpressible: a policy could not see it as it is.
        """
        action = self.actions.get(f"{call.server}.{call.tool}")
        if action is None:
            raise Inexpressible(f"servers.toml lists no {call.server}.{call.tool}")
        if call.caller.person is None or call.caller.process is None:
            raise Inexpressible("nobody is known for whom it is made")
        return {
            "principal": {"type": "Agent", "id": call.caller.agent},
            "action": {"type": "Action", "id": action.id},
            "resource": {"type": "Server", "id": call.server},
            "context": {
                "arguments": _arguments(call, action),
                "fields": sorted(call.arguments),
                "sources": dict(call.sources),
                "contract": call.contract,
                "data_class": action.server.data_class_of(call.tool),
                "undoes": call.undoes is not None,
            },
        }

    def _verdict(self, result: cedarpy.AuthzResult) -> Verdict:
        """Read Cedar's answer. It skips a policy that it cannot evaluate: that may have been a forbid."""
        by = tuple(sorted(result.diagnostics.reasons))
        if result.diagnostics.errors:
            return Verdict(False, "; ".join(sorted(result.diagnostics.errors)), by)
        if result.decision is not cedarpy.Decision.Allow:
            forbidden = "; ".join(self.policies[id_].reason for id_ in by)
            return Verdict(False, forbidden or UNPERMITTED, by)
        owed = {owed for id_ in by for owed in self.policies[id_].obligations}
        reason = "; ".join(self.policies[id_].reason for id_ in by)
        return Verdict(True, reason, by, tuple(sorted(owed, key=_order)))

    def _with_trial(self, verdict: Verdict, request: dict[str, Any], caller: Caller) -> Verdict:
        """Add what the policies that are on trial would do."""
        result = self.ask(request, caller, self._tried)
        would = [f"{id_} would {self.policies[id_].effect}" for id_ in sorted(result.diagnostics.reasons)]
        told = tuple(would + sorted(result.diagnostics.errors))
        return Verdict(verdict.allowed, verdict.reason, verdict.policies, verdict.obligations, told)

    def _entities_of(self, caller: Caller) -> cedarpy.Entities:
        servers = {action.server.name: action.server for action in self.actions.values()}
        kind = caller.agent.partition("/")[0]
        agent = _entity(
            "Agent",
            caller.agent,
            parents=[_uid("Process", str(caller.process))],
            person={"__entity": _uid("Person", str(caller.person))},
            kind=kind,
        )
        return cedarpy.Entities.from_json_str(
            json.dumps(
                [
                    agent,
                    _entity("Process", str(caller.process)),
                    _entity("Person", str(caller.person)),
                    *(_entity("Server", one.name, sandbox=one.sandbox) for one in servers.values()),
                ]
            ),
            self.schema,
        )


def cedar_policies(policies: Iterable[Policy], *, scope_only: bool = False) -> cedarpy.PolicySet:
    """Give policies to Cedar under their own ids; with their scope alone they apply whatever they ask."""
    parsed = {policy.id: policy.scope if scope_only else policy.parsed for policy in policies}
    whole = {"templates": {}, "staticPolicies": parsed, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(whole))


def _arguments(call: Call, action: ToolAction) -> JsonValue:
    if action.names is not None and (unknown := sorted(call.arguments.keys() - action.names)):
        raise Inexpressible(f"the approved description of {action.id} names no argument {unknown[0]!r}")
    return action.arguments.value(call.arguments)


def _uid(type_: str, id_: str) -> dict[str, JsonValue]:
    return {"type": type_, "id": id_}


def _entity(type_: str, id_: str, *, parents: Sequence[JsonValue] = (), **attributes: JsonValue) -> JsonValue:
    return {"uid": _uid(type_, id_), "attrs": attributes, "parents": list(parents)}


def _order(owed: Obligation) -> tuple[str, str]:
    return owed.kind, owed.detail
