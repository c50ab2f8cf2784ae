"""The clients: they start cases, answer reviews, repeat what got no answer, and note what they were told."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import httpx
from history import History, Operation

System = Literal["keyed", "searchable", "blind", "tryton"]
SYSTEMS: tuple[System, ...] = ("keyed", "searchable", "blind")
PROCESS = "transfer"
REPEAT_S = 0.2
TRIES = 300
UNSETTLED = {429, 500, 502, 503, 504}

Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Order:
    """What a case is asked to do: one transfer in one system, with a review before it or without."""

    reference: str
    system: System
    amount: str
    review: bool

    def input(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "system": self.system,
            "amount": self.amount,
            "currency": "EUR",
            "review": self.review,
        }


class Driver:
    """Talks to all API processes as one would through a balancer: a repeat may reach another one."""

    def __init__(
        self,
        addresses: list[str],
        history: History,
        rng: random.Random,
        *,
        prefix: str,
        timeout_s: float = 15,
    ) -> None:
        self.history = history
        self.timeout_s = timeout_s
        self._rng = rng
        self._prefix = prefix
        self._ordered = 0
        self.clients: list[httpx.AsyncClient] = []
        for address in addresses:
            self.connect(address)

    def connect(self, address: str) -> None:
        """Talk to this API process too."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self.clients.append(httpx.AsyncClient(base_url=address, timeout=self.timeout_s, limits=limits))

    async def __aenter__(self) -> "Driver":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self.clients:
            await client.aclose()

    def order(self, system: System | None = None, *, review: bool | None = None) -> Order:
        """Draw an order nobody has placed before; the driver's seed decides what is left open."""
        self._ordered += 1
        return Order(
            reference=f"{self._prefix}-{self._ordered:06d}",
            system=system or self._rng.choice(SYSTEMS),
            amount=f"{self._rng.randrange(1, 100_000) / 100:.2f}",
            review=self._rng.random() < 0.3 if review is None else review,
        )

    async def start(self, order: Order, *, actor: str = "driver") -> str | None:
        """Start a case and return its id, repeating with the same key until somebody answers."""
        headers = {"Idempotency-Key": order.reference, "Steward-Actor": actor}

        async def send(client: httpx.AsyncClient) -> httpx.Response:
            path = f"/v1/processes/{PROCESS}/cases"
            return await client.post(path, json={"input": order.input()}, headers=headers)

        response = await self.settled("start", order.reference, send, actor=actor)
        return response.json()["id"] if response is not None and response.is_success else None

    async def answer(self, review: str, *, actor: str, approved: bool = True) -> int | None:
        """Answer a review and return the status: 409 if another was first, or our own whose 200 was lost."""

        async def send(client: httpx.AsyncClient) -> httpx.Response:
            return await client.post(
                f"/v1/reviews/{review}/answer",
                json={"answer": {"approved": approved}},
                headers={"Steward-Actor": actor},
            )

        response = await self.settled("answer", review, send, actor=actor, approved=approved)
        return None if response is None else response.status_code

    async def settled(self, action: str, subject: str, send: Send, **detail: Any) -> httpx.Response | None:
        """Repeat a request until an API process settles it; None if none does."""
        for _ in range(TRIES):
            response = await self.once(action, subject, send, **detail)
            if response is not None and response.status_code not in UNSETTLED:
                return response
            await asyncio.sleep(REPEAT_S)
        return None

    async def once(
        self, action: str, subject: str, send: Send, *, at: int | None = None, **detail: Any
    ) -> httpx.Response | None:
        """Send a request once and write down what came of it; None when no answer came."""
        client = self.clients[at] if at is not None else self._rng.choice(self.clients)
        operation = self.history.begin(action, subject, **detail)
        try:
            response = await send(client)
        except httpx.TransportError as error:
            self.history.end(operation, "unknown", error=type(error).__name__)
            return None
        self._note(operation, response)
        return response

    def _note(self, operation: Operation, response: httpx.Response) -> None:
        told: dict[str, Any] = {}
        with suppress(ValueError):
            body = response.json()
            told = {name: body.get(name) for name in ("id", "answered_by", "type", "field") if name in body}
        outcome = "ok" if response.is_success else "fail"
        if response.status_code in UNSETTLED:
            outcome = "unknown"
        self.history.end(operation, outcome, status=response.status_code, **told)  # type: ignore[arg-type]

    async def open_reviews(self) -> list[str]:
        """The ids of the open reviews, oldest first; nothing when the API does not answer."""
        with suppress(httpx.TransportError, ValueError, KeyError):
            response = await self._rng.choice(self.clients).get("/v1/reviews", params={"limit": 200})
            if response.is_success:
                return [item["id"] for item in reversed(response.json()["items"])]
        return []

    async def answer_all(self) -> int:
        """Answer every open review once, now and then by two people at once; say how many were open."""
        reviews = await self.open_reviews()
        answers = [
            self.answer(review, actor=person)
            for review in reviews
            for person in ("anna", "ben")[: 2 if self._rng.random() < 0.1 else 1]
        ]
        await asyncio.gather(*answers)
        return len(reviews)

    async def keep_answering(self) -> None:
        """Answer reviews as they open, until cancelled."""
        while True:
            await self.answer_all()
            await asyncio.sleep(REPEAT_S)
