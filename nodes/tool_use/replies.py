"""What a model said, checked: a plan, calls, an answer, or something that it has to try again."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import ValidationError

from nodes.tool_use.plan import PLAN, Plan
from nodes.tool_use.state import Wanted
from nodes.tool_use.values import plain, plain_text

# The words of the providers for why a model stopped, as LangChain passes them on.
_CUT_OFF = {"length", "max_tokens", "max_output_tokens"}
_REFUSED = {"content_filter", "refusal", "safety", "prohibited_content", "blocklist"}


class Unusable(Exception):
    """The model has to try again; the message says to it why."""


@dataclass(frozen=True)
class Reply:
    """What a model said in words, and what it wants called."""

    text: str
    calls: list[Wanted]


def read_reply(message: Any) -> Reply:
    """Return what the model said.

    Raises:
        Unusable: it was cut off, declined, is garbage, or says nothing.
    """
    if not isinstance(message, AIMessage):
        raise Unusable("That was no message of a model.")
    _check_end(message)
    if message.invalid_tool_calls:
        raise Unusable("The arguments of a call were no JSON. Call again.")
    try:
        calls = [_wanted(call, number) for number, call in enumerate(message.tool_calls)]
    except (TypeError, ValueError) as error:
        raise Unusable(f"The arguments of a call cannot be used: {error}. Call again.") from error
    text = plain_text(str(message.text))
    if not calls and not text.strip():
        raise Unusable("You said nothing. Call a tool, or answer in words.")
    return Reply(text, calls)


def read_plan(reply: Reply, tools: Collection[str]) -> Plan:
    """Return the plan that a model wrote for these tools.

    Raises:
        Unusable: it wrote none, or one for a tool that there is not.
    """
    if [call.tool for call in reply.calls] != [PLAN]:
        raise Unusable(f"Call {PLAN} once, and nothing else.")
    try:
        plan = Plan.model_validate(reply.calls[0].arguments)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unusable(f"The plan cannot be used: {place}: {first['msg']}.") from error
    if unknown := sorted({one.tool for one in plan.tools} - set(tools)):
        raise Unusable(f"There is no tool {', '.join(unknown)}.")
    return plan


def _check_end(message: AIMessage) -> None:
    told = message.response_metadata
    ends = {str(told.get(name, "")).lower() for name in ("finish_reason", "stop_reason")}
    if ends & _CUT_OFF:
        raise Unusable("Your answer was cut off. Be brief.")
    if ends & _REFUSED or message.additional_kwargs.get("refusal"):
        raise Unusable("You declined. Do the part of the work that you can do, or say in words why not.")


def _wanted(call: Any, number: int) -> Wanted:
    arguments = plain(call["args"])
    if not isinstance(arguments, dict):
        raise TypeError("they are no object")
    id_ = plain_text(str(call.get("id") or f"call-{number}"))
    return Wanted(id=id_, tool=plain_text(str(call["name"])), arguments=arguments)
