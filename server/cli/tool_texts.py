"""Tool servers as text that is safe to read on a terminal, all of it."""

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from pydantic import JsonValue

from server.cli.tables import Grid, Status
from server.http.models import Page
from server.http.tools import ToolServer
from tools.approval.approvals import lay_out
from tools.approval.descriptions import Description
from tools.approval.survey import DIFFERENT, KnownServer, KnownTool
from tools.words import visible


def json_of(servers: Sequence[KnownServer]) -> str:
    """Write the servers as the API does."""
    items = [ToolServer.model_validate(server) for server in servers]
    return Page[ToolServer](items=items, next=None).model_dump_json(ensure_ascii=True)


def rows_of_servers(servers: Sequence[KnownServer]) -> Grid:
    rows = [
        (one.name, one.address or "", one.identity, "yes" if one.pinned else "NO", one.error or "")
        for one in servers
    ]
    return Grid(rows, ("server", "address", "identity", "pinned", "error"))


def rows_of_tools(servers: Sequence[KnownServer]) -> Grid:
    rows = [
        (
            Status(tool.status),
            f"{server.name}.{tool.name}",
            tool.contract or "",
            tool.data_class or "",
            f"{tool.timeout_s:g} s" if tool.timeout_s else "",
            tool.title or "",
        )
        for server in servers
        for tool in server.tools
    ]
    return Grid(rows, ("status", "tool", "contract", "data class", "timeout", "title"))


def differences(servers: Sequence[KnownServer]) -> Iterator[str]:
    """Say of each listed tool that cannot be called why; of one that changed, line by line what has."""
    for server in servers:
        for tool in server.tools:
            if tool.status in DIFFERENT:
                yield f"{server.name}.{tool.name} is {tool.status}"
            if tool.status == "changed" and tool.approved and tool.offered:
                before, after = list(_described(tool.approved)), list(_described(tool.offered))
                yield from unified_diff(before, after, "approved", "offered", lineterm="", n=2)


def lines_of(server: str, tool: KnownTool) -> Iterator[str]:
    """Show a tool as it is offered, else as it was approved, and what differs.

    What the server said stands behind a bar in every line, so that no text of it looks like one of ours.
    """
    name = f"{server}.{visible(tool.name)}"
    yield f"{name}: {tool.status}, contract {tool.contract or 'none, it is not listed'}"
    if tool.said is not None:
        yield f"  {'offered' if tool.offered else 'approved'} as {tool.digest}"
        yield from _described(tool.said)
    for change in tool.changes:
        yield f"  since it was approved: {change}"


def _described(said: Description) -> Iterator[str]:
    fields: list[tuple[str, JsonValue]] = [
        (name, value) for name, value in said.as_json().items() if name != "name"
    ]
    for name, value in fields:
        lines = value.split("\n") if isinstance(value, str) else lay_out(value).split("\n")
        yield f"  {name}"
        yield from (f"    | {visible(line)}" for line in lines)
