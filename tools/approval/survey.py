"""What stands in servers.toml, held against what the servers offer and what was approved."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

from tools.approval.approvals import approvals_of
from tools.approval.descriptions import Description, changes_of
from tools.approval.offered import Offered
from tools.contracts import DataClass
from tools.errors import ToolError
from tools.ports import Contract
from tools.registry import ServerEntry
from tools.sessions import pool
from tools.sessions.breaker import BreakerState

PATIENCE_S = 10.0

# `unchecked`: approved, while the server cannot be asked. `unlisted`: offered, and not in servers.toml.
Standing = Literal["approved", "changed", "new", "missing", "twice", "unpinned", "unchecked", "unlisted"]
DIFFERENT: frozenset[Standing] = frozenset({"changed", "new", "missing", "twice"})


@dataclass(frozen=True)
class KnownTool:
    """One tool of a server: what servers.toml says of it, and how what is offered compares."""

    name: str
    status: Standing
    contract: Contract | None
    data_class: DataClass | None
    timeout_s: float | None
    approved: Description | None
    offered: Description | None

    @classmethod
    def of(cls, entry: ServerEntry, name: str, *, offered: Offered | None) -> Self:
        """Compare a tool; `offered` is None where the server cannot be asked."""
        approved = approvals_of(entry).get(name) if entry.pinned else None
        listed = name in entry.tools
        return cls(
            name=name,
            status=_standing(entry, name, offered=offered, approved=approved) if listed else "unlisted",
            contract=entry.tool(name).contract if listed else None,
            data_class=entry.data_class_of(name) if listed else None,
            timeout_s=entry.timeout_of(name) if listed else None,
            approved=approved,
            offered=offered.describe(name) if offered else None,
        )

    @property
    def said(self) -> Description | None:
        """What the server says of it, else what was approved."""
        return self.offered or self.approved

    @property
    def title(self) -> str | None:
        return self.said.title if self.said else None

    @property
    def digest(self) -> str | None:
        return self.said.digest if self.said else None

    @property
    def changes(self) -> list[str]:
        """What differs from what was approved, in words."""
        if self.approved is None or self.offered is None or self.status != "changed":
            return []
        return [str(change) for change in changes_of(self.approved, self.offered)]


@dataclass(frozen=True)
class KnownServer:
    """One server: what servers.toml says of it, whether it can be reached, and its tools."""

    name: str
    address: str | None
    identity: str
    data_class: DataClass
    sandbox: bool
    pinned: bool
    reachable: bool
    breaker: BreakerState
    error: str | None
    tools: list[KnownTool]

    @property
    def differs(self) -> bool:
        """Whether some listed tool cannot be called, or nobody knows."""
        return not self.reachable or any(tool.status in DIFFERENT for tool in self.tools)


async def survey(entries: Iterable[ServerEntry]) -> list[KnownServer]:
    """Ask every server what it offers, all at the same time; one that does not answer is told as such."""
    return await asyncio.gather(*map(survey_server, entries))


async def survey_server(entry: ServerEntry) -> KnownServer:
    """Ask one server what it offers, for ten seconds at most."""
    offered, error = None, None
    try:
        async with asyncio.timeout(PATIENCE_S):
            offered = await pool.open_session(entry)
    except ToolError as failure:
        error = str(failure)
    except TimeoutError:
        error = f"{entry.name} did not open a session within {PATIENCE_S:g} s"
    names = [*entry.tools, *(name for name in (offered.names if offered else ()) if name not in entry.tools)]
    return KnownServer(
        name=entry.name,
        address=_address(entry),
        identity=entry.identity.described,
        data_class=entry.data_class,
        sandbox=entry.sandbox,
        pinned=entry.pinned,
        reachable=offered is not None,
        breaker=next((lane.breaker for lane in pool.states() if lane.server == entry.name), "closed"),
        error=error,
        tools=[KnownTool.of(entry, name, offered=offered) for name in names],
    )


def _standing(
    entry: ServerEntry, name: str, *, offered: Offered | None, approved: Description | None
) -> Standing:
    if offered is None:
        return "unpinned" if not entry.pinned else "unchecked" if approved else "new"
    if offered.has_twice(name):
        return "twice"
    now = offered.describe(name)
    if now is None:
        return "missing"
    if not entry.pinned:
        return "unpinned"
    if approved is None:
        return "new"
    return "approved" if approved.digest == now.digest else "changed"


def _address(entry: ServerEntry) -> str | None:
    """Return where the server is, without the parts of a URL that may hold a secret."""
    if entry.url is None:
        return "stdio" if entry.command else None
    parts = urlsplit(entry.url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
