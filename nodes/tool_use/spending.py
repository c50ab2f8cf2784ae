"""What a model's turns cost, and what the next one could cost at most."""

import json
from decimal import Decimal
from typing import Annotated, Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel, ConfigDict, Field

MILLION = Decimal(1_000_000)
# What a provider may add to each message and to the whole that is not in what we send.
TOKENS_PER_MESSAGE = 32
TOKENS_PER_CALL = 1_000


class Price(BaseModel):
    """What a model costs, for a million tokens read and a million written."""

    model_config = ConfigDict(frozen=True)

    read: Decimal
    written: Decimal
    currency: str

    def of(self, read: int, written: int) -> Decimal:
        return (self.read * read + self.written * written) / MILLION


class Caps(BaseModel):
    """How much a tool use may take in all; `answer_tokens` and `turn_s` are of one turn of the model.

    Time is that of the model and the tools, not of a review. `money` is in the currency of the price.
    """

    model_config = ConfigDict(frozen=True)

    turns: Annotated[int, Field(ge=1)] = 12
    tokens: Annotated[int, Field(ge=1)] = 200_000
    money: Decimal | None = None
    seconds: Annotated[float, Field(gt=0)] = 300.0
    answer_tokens: Annotated[int, Field(ge=1)] = 2_000
    turn_s: Annotated[float, Field(gt=0)] = 60.0


class Spent(BaseModel):
    """What a tool use has taken so far."""

    turns: int = 0
    read: int = 0
    written: int = 0
    money: Decimal = Decimal(0)
    seconds: float = 0.0

    def plus(self, read: int, written: int, *, price: Price | None, seconds: float) -> "Spent":
        """Return it with one more turn."""
        return Spent(
            turns=self.turns + 1,
            read=self.read + read,
            written=self.written + written,
            money=self.money + (price.of(read, written) if price else Decimal(0)),
            seconds=self.seconds + seconds,
        )

    def later(self, seconds: float) -> "Spent":
        """Return it with the time that a tool took."""
        return self.model_copy(update={"seconds": self.seconds + seconds})


def most_read(messages: list[BaseMessage], tools: list[dict[str, Any]]) -> int:
    """How many tokens a turn reads at most: none is shorter than a byte."""
    calls = [message.tool_calls for message in messages if isinstance(message, AIMessage)]
    sent = json.dumps([[message.content for message in messages], calls, tools], ensure_ascii=False)
    size = len(sent.encode(errors="replace"))
    return size + TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_CALL


def passed_cap(spent: Spent, caps: Caps, *, price: Price | None, read: int) -> str | None:
    """Say which cap one more turn, which reads so many tokens at most, could pass; None if it passes none."""
    after = spent.plus(read, caps.answer_tokens, price=price, seconds=0)
    if after.turns > caps.turns:
        return f"it has had its {caps.turns} turns"
    if (tokens := after.read + after.written) > caps.tokens:
        return f"one more turn could bring it to {tokens} tokens of {caps.tokens}"
    if caps.money is not None and price and after.money > caps.money:
        return f"one more turn could bring it to {after.money:f} of {caps.money:f} {price.currency}"
    if spent.seconds >= caps.seconds:
        return f"it has had its {caps.seconds:g} seconds"
    return None
