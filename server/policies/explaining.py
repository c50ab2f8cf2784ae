"""Why a call is permitted or not: what each policy says of it, and what would have to be different."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue

from server.errors import NotFound
from server.policies.checking import actions_in_scope
from server.policies.reading import Policy
from server.policies.rulings import UNPERMITTED, PolicySet, cedar_policies
from server.policies.shapes import Inexpressible
from tools.effects import digest
from tools.ports import Call, Caller, Verdict

Standing = Literal["applies", "condition", "scope", "error"]


@dataclass(frozen=True)
class Voice:
    """What one policy says of the call.

    It `applies`, or its `condition` does not hold, or its `scope` is another principal, or it is an `error`.
    """

    policy: Policy
    standing: Standing
    error: str | None = None


@dataclass(frozen=True)
class Explanation:
    """The verdict, the policies that speak of the tool, and what would have to be different."""

    verdict: Verdict
    decision: Literal["allow", "review", "deny"]
    voices: tuple[Voice, ...]
    advice: tuple[str, ...]


def explain(policies: PolicySet, call: Call) -> Explanation:
    """Say what the policies say of a call that nobody makes."""
    verdict = policies.decide(call)
    reviewed = any(owed.kind == "review" for owed in verdict.obligations)
    decision: Literal["allow", "review", "deny"] = (
        "deny" if not verdict.allowed else "review" if reviewed else "allow"
    )
    voices = tuple(_voices(policies, call))
    advice = () if verdict.allowed else tuple(_advice(verdict, voices, call))
    return Explanation(verdict, decision, voices, advice)


def _voices(policies: PolicySet, call: Call) -> Iterator[Voice]:
    try:
        request = policies.request(call)
    except Inexpressible:
        return
    about = f"{call.server}.{call.tool}"
    for policy in policies.policies.values():
        if any(action.id == about for action in actions_in_scope(policy, policies.actions)):
            yield _voice(policies, policy, request=request, call=call)


def _voice(policies: PolicySet, policy: Policy, *, request: dict[str, Any], call: Call) -> Voice:
    result = policies.ask(request, call.caller, cedar_policies([policy]))
    if errors := result.diagnostics.errors:
        return Voice(policy, "error", "; ".join(errors))
    if result.diagnostics.reasons:
        return Voice(policy, "applies")
    heads = policies.ask(request, call.caller, cedar_policies([policy], scope_only=True))
    return Voice(policy, "condition" if heads.diagnostics.reasons else "scope")


def _advice(verdict: Verdict, voices: tuple[Voice, ...], call: Call) -> Iterator[str]:
    """Say what stands in the way, one thing a sentence."""
    deciding = [voice for voice in voices if not voice.policy.tried]
    yield from filter(None, (_obstacle(voice) for voice in deciding))
    permits = [voice for voice in deciding if voice.policy.effect == "permit"]
    if any(voice.standing == "applies" for voice in permits):
        return
    yield from filter(None, (_near(voice) for voice in permits))
    if not any(voice.standing == "condition" for voice in permits):
        yield _nobody_permits(verdict, voices, call)


def _obstacle(voice: Voice) -> str | None:
    if voice.standing == "error":
        return f"{voice.policy.id} ({voice.policy.place}) cannot be evaluated: {voice.error}"
    if voice.standing == "applies" and voice.policy.effect == "forbid":
        return f"{voice.policy.id} ({voice.policy.place}) forbids it: {voice.policy.reason}"
    return None


def _near(permit: Voice) -> str | None:
    would = f"{permit.policy.id} ({permit.policy.place}) would permit it"
    if permit.standing == "condition":
        return f"{would}, but its condition does not hold"
    return f"{would} to another agent, process or server" if permit.standing == "scope" else None


def _nobody_permits(verdict: Verdict, voices: tuple[Voice, ...], call: Call) -> str:
    name = f"{call.server}.{call.tool}"
    if voices:
        return f"no policy permits {name} to {call.caller.agent} in process {call.caller.process}"
    return f"no policy speaks of {name}" if verdict.reason == UNPERMITTED else verdict.reason


def imagine(
    policies: PolicySet,
    tool: str,
    *,
    arguments: dict[str, JsonValue],
    caller: Caller,
    sources: dict[str, str],
) -> Call:
    """Return a call of `server.tool` that nobody makes.

    Raises:
        NotFound: servers.toml lists no such tool.
    """
    action = policies.actions.get(tool)
    if action is None:
        raise NotFound(f"servers.toml lists no tool {tool!r}")
    return Call(
        server=action.server.name,
        tool=action.tool,
        arguments=arguments,
        digest=digest(arguments),
        contract=action.entry.contract,
        key=None,
        sandbox=action.server.sandbox,
        case=None,
        step=None,
        caller=caller,
        sources=sources,
    )
