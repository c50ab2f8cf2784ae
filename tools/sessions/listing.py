"""What the server of one session offers: asked again whenever it may be something else by now."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
from anyio import BrokenResourceError, ClosedResourceError
from mcp import McpError, types
from pydantic import ValidationError

from tools.answers import Offer
from tools.approval.offered import Offered
from tools.errors import NotSent, ToolNotApproved, UnknownTool
from tools.registry import ServerEntry

# A server without sessions cannot say that its tools have changed, so that they are listed again.
LISTING_LASTS_S = 10.0

_UNSAID = (McpError, ValidationError, TimeoutError, ClosedResourceError, BrokenResourceError)

Ask = Callable[[], Awaitable[list[types.Tool]]]


class Listing:
    """The tools that a server listed last, and `ask` to have them listed again."""

    def __init__(
        self, entry: ServerEntry, tools: Sequence[types.Tool], *, ask: Ask, lasts_s: float = LISTING_LASTS_S
    ) -> None:
        self.offered = Offered(entry, tools)
        self._entry = entry
        self._ask = ask
        self._lasts_s = lasts_s
        self._listed_at = time.monotonic()
        self._renewing = asyncio.Lock()
        self._failure: Exception | None = None

    async def find(self, tool: str) -> Offer:
        """Return the tool; before it is refused, the server is asked what it says by now.

        Raises:
            NotSent: the server does not say.
            BadOffer, ToolNotApproved, UnknownTool: see `Offered.get`.
        """
        asked_at = time.monotonic()
        await self.keep_fresh()
        try:
            return self.offered.get(tool)
        except (ToolNotApproved, UnknownTool):
            await self.renew(since=asked_at)
        return self.offered.get(tool)

    async def keep_fresh(self) -> None:
        """Ask again if the listing is old, and what it says is held against approvals; raises as `find`."""
        if self._entry.pinned:
            await self.renew(since=time.monotonic() - self._lasts_s)

    async def renew(self, *, since: float) -> None:
        """Ask again unless somebody has since that moment of the monotonic clock; raises as `find`."""
        async with self._renewing:
            if self._listed_at > since:
                return
            if self._failure is None:  # whoever waited meanwhile need not wait as long once more
                await self._list()
            if self._failure is not None:
                reason = str(self._failure) or type(self._failure).__name__
                raise NotSent(f"{self._entry.name} does not say what it offers: {reason}")

    async def _list(self) -> None:
        try:
            with anyio.fail_after(self._entry.timeout_s):
                self.offered = Offered(self._entry, await self._ask())
        except _UNSAID as error:
            self._failure = error
        else:
            self._listed_at = time.monotonic()
