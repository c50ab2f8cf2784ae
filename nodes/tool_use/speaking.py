"""One turn of a model: within its caps, in its time, and paid for."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from nodes.tool_use.replies import Reply, Unusable, read_reply
from nodes.tool_use.spending import Caps, Price, Spent, most_read, passed_cap

SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Said:
    """What came of a turn: a reply, or the trouble there was, or the cap that forbade it."""

    spent: Spent
    reply: Reply | None = None
    trouble: str = ""
    stopped: str = ""


class Speaker:
    """A model with a price and caps; `model` may be a function that makes it, called at the first turn."""

    def __init__(
        self, model: BaseChatModel | Callable[[], BaseChatModel], *, caps: Caps, price: Price | None
    ) -> None:
        self._model = model
        self._caps = caps
        self._price = price

    async def say(self, messages: list[BaseMessage], tools: list[dict[str, Any]], *, spent: Spent) -> Said:
        """Let the model speak once, unless this turn could pass a cap."""
        read = most_read(messages, tools)
        if reason := passed_cap(spent, self._caps, price=self._price, read=read):
            return Said(spent, stopped=reason)
        began = time.monotonic()
        message, trouble = await self._ask(messages, tools, left_s=self._caps.seconds - spent.seconds)
        usage = getattr(message, "usage_metadata", None) or {}
        # A turn whose usage nobody knows has cost what it could cost at most.
        after = spent.plus(
            int(usage.get("input_tokens", read)),
            int(usage.get("output_tokens", self._caps.answer_tokens)),
            price=self._price,
            seconds=time.monotonic() - began,
        )
        if trouble:
            return Said(after, trouble=trouble)
        try:
            return Said(after, reply=read_reply(message))
        except Unusable as unusable:
            return Said(after, trouble=str(unusable))

    async def _ask(
        self, messages: list[BaseMessage], tools: list[dict[str, Any]], *, left_s: float
    ) -> tuple[Any, str]:
        """Return the model's message, or what kept it from one."""
        caps = self._caps
        try:
            speaker = self._found().bind_tools(tools) if tools else self._found()
            async with asyncio.timeout(min(caps.turn_s, left_s)):
                return await speaker.ainvoke(messages, max_tokens=caps.answer_tokens), ""
        except TimeoutError:
            return None, "The model did not answer in time."
        except Exception as error:  # noqa: BLE001  providers share no root of their errors
            return None, f"The model failed: {type(error).__name__}: {str(error)[:SHOWN_CHARACTERS]}"

    def _found(self) -> BaseChatModel:
        if not isinstance(self._model, BaseChatModel):
            self._model = self._model()
        return self._model
