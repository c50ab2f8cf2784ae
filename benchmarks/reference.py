"""The reference process of all benchmarks: six steps, one interrupt, about 2 KB of state, no I/O in a step.

receive → check → price → approve (waits for a person) → book → close. What a step changes is what a step of a
real process changes: a few small fields, and once the lines.
"""

from decimal import Decimal
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, JsonValue

LINES = 12
ANSWER: dict[str, JsonValue] = {"approved": True, "comment": "fits the order"}


class Request(BaseModel):
    """What starts a case."""

    number: str
    lines: list[dict[str, JsonValue]]


class Purchase(Request):
    """What a case carries."""

    title: str = ""
    checks: dict[str, bool] = {}
    total: str = "0"
    approval: dict[str, JsonValue] = {}
    booking: dict[str, str] = {}
    result: str = ""


class Approval(BaseModel):
    """The form of the review."""

    approved: bool
    comment: str = ""


def receive(state: Purchase) -> dict[str, Any]:
    """Give the case a title."""
    return {"title": f"purchase {state.number}"}


def check(state: Purchase) -> dict[str, Any]:
    """Note what is right about the lines."""
    priced = all("price" in line for line in state.lines)
    return {"checks": {"has_lines": bool(state.lines), "has_prices": priced}}


def price(state: Purchase) -> dict[str, Any]:
    """Add the lines up, and write each line's amount beside it."""
    amounts = [Decimal(str(line["price"])) * Decimal(str(line["quantity"])) for line in state.lines]
    lines = [line | {"amount": str(amount)} for line, amount in zip(state.lines, amounts, strict=True)]
    return {"lines": lines, "total": str(sum(amounts))}


def approve(state: Purchase) -> dict[str, Any]:
    """Ask a person."""
    review = {"question": f"Buy {state.number} for {state.total}?", "role": "buyer"}
    approval = interrupt(review, response_schema=Approval)
    return {"approval": approval.model_dump()}


def book(state: Purchase) -> dict[str, Any]:
    """Say where it would be booked."""
    return {"booking": {"journal": "purchases", "entry": f"P-{state.number}", "amount": state.total}}


def close(state: Purchase) -> dict[str, Any]:
    """Say how it ended."""
    return {"result": "bought" if state.approval["approved"] else "not bought"}


graph = (
    StateGraph(Purchase, input_schema=Request)
    .add_sequence([receive, check, price, approve, book, close])
    .add_edge(START, "receive")
    .add_edge("close", END)
)


def cases(count: int, *, lines: int = LINES) -> list[dict[str, Any]]:
    """Return the inputs of `count` cases; twelve lines make a state of about 2 KB."""
    return [
        {"number": f"{number:06}", "lines": [_line(line) for line in range(lines)]} for number in range(count)
    ]


def _line(number: int) -> dict[str, JsonValue]:
    return {
        "item": f"{number:05}",
        "text": f"Article {number} of the catalogue, in its usual packing and finish",
        "quantity": number % 7 + 1,
        "unit": "piece",
        "price": f"{number % 90 + 9}.90",
    }
