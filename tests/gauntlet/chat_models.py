"""Chat models for tests: one that says what a script says."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

USAGE = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}

Reply = AIMessage | Exception | Callable[[Sequence[BaseMessage]], AIMessage]


def call(tool: str, /, **arguments: Any) -> dict[str, Any]:
    return {"name": tool, "args": arguments, "id": f"{tool}-{len(str(arguments))}", "type": "tool_call"}


def says(text: str = "", *calls: dict[str, Any], **told: Any) -> AIMessage:
    return AIMessage(text, tool_calls=list(calls), usage_metadata=USAGE, response_metadata=told)


def plans(**tools: Any) -> AIMessage:
    """The plan: each tool with how often, or with more of what a planned tool has."""
    planned = [
        {"tool": tool, **(said if isinstance(said, dict) else {"at_most": said})}
        for tool, said in tools.items()
    ]
    return says("", call("write_plan", tools=planned))


class Scripted(BaseChatModel):
    """Says the next reply of its script at each turn, and keeps what it was told with which tools."""

    replies: list[Any]
    heard: list[tuple[str, list[str]]] = Field(default_factory=list)
    pause_s: float = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(tools=list(tools), **kwargs)

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> ChatResult:
        names = [tool["function"]["name"] for tool in kwargs.get("tools", [])]
        self.heard.append(("\n".join(str(message.content) for message in messages), names))
        await asyncio.sleep(self.pause_s)
        reply: Reply = self.replies[len(self.heard) - 1]
        if isinstance(reply, Exception):
            raise reply
        said = reply if isinstance(reply, AIMessage) else reply(messages)
        return ChatResult(generations=[ChatGeneration(message=said)])

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError("it speaks asynchronously")
