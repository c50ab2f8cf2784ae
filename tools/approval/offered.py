"""What a tool server offers, held against what was approved of it."""

from collections import Counter
from collections.abc import Sequence

from mcp import types

from tools.answers import Offer
from tools.approval.approvals import assert_unchanged
from tools.approval.descriptions import Description, description_of
from tools.errors import BadOffer, UnknownTool
from tools.registry import ServerEntry


class Offered:
    """One listing of a server's tools. A tool that may not be called does not keep the others from it."""

    def __init__(self, entry: ServerEntry, tools: Sequence[types.Tool]) -> None:
        self._entry = entry
        self._tools = {tool.name: tool for tool in tools}
        self._twice = {name for name, times in Counter(tool.name for tool in tools).items() if times > 1}
        self._offers: dict[str, Offer] = {}
        self._described: dict[str, Description] = {}

    def get(self, tool: str) -> Offer:
        """Return the tool as it is offered, if it may be called as such now.

        Raises:
            UnknownTool: the server does not offer it.
            BadOffer: the server offers two of that name, or the tool promises a schema that is none.
            ToolNotApproved: nobody has approved it.
            ToolChanged: what was approved is something else.
        """
        if tool in self._twice:
            raise BadOffer(f"{self._entry.name} offers two tools of the name {tool!r}")
        assert_unchanged(self._entry, tool, self.describe(tool))
        if tool not in self._tools:
            raise UnknownTool(f"{self._entry.name} does not offer {tool!r}")
        if tool not in self._offers:
            self._offers[tool] = Offer(self._tools[tool], self._entry.tool(tool).answer)
        return self._offers[tool]

    def describe(self, tool: str) -> Description | None:
        """Return what the server says of the tool; None if it does not offer it."""
        if tool in self._tools and tool not in self._described:
            self._described[tool] = description_of(self._tools[tool])
        return self._described.get(tool)

    @property
    def names(self) -> list[str]:
        return list(self._tools)

    def has_twice(self, tool: str) -> bool:
        return tool in self._twice
