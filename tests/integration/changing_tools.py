"""The server of changing_server.py as tests use it: what it offers, its entry, and what it was called."""

import json
from pathlib import Path
from typing import Any

from mcp.types import Tool

from tools.approval.approvals import approvals_of, save_approvals
from tools.approval.descriptions import description_of
from tools.registry import ServerEntry

PROGRAM = Path(__file__).with_name("changing_server.py")


def tool(name: str, **changes: Any) -> dict[str, Any]:
    """A tool as a server describes it."""
    described = {
        "name": name,
        "description": f"Does {name}.",
        "inputSchema": {"type": "object", "properties": {"amount": {"type": "string"}}},
        "annotations": {"readOnlyHint": True},
    }
    return described | changes


def offer(folder: Path, *tools: dict[str, Any]) -> None:
    """Let the server offer these tools from its next listing on."""
    (folder / "tools.json").write_text(json.dumps(tools))


def approve(entry: ServerEntry, *tools: dict[str, Any]) -> None:
    """Approve these tools of the server, beside those that are."""
    approved = {tool["name"]: description_of(Tool(**tool)) for tool in tools}
    save_approvals(entry, {**approvals_of(entry), **approved})


def entry_of(folder: Path, **fields: Any) -> ServerEntry:
    """An entry for the server, over stdio unless told otherwise, whose lock file stands in the folder."""
    entry = {
        "name": "changing",
        "file": folder / "servers.toml",
        "command": ["python", str(PROGRAM), str(folder)],
        "sandbox": True,
        "timeout_s": 10,
        "tools": {"look": "read", "pay": "keyed", "announce": "read"},
    }
    return ServerEntry(**{**entry, **fields})


def calls(folder: Path) -> list[str]:
    """The tools that were called, in order."""
    file = folder / "calls"
    return [json.loads(line)["tool"] for line in file.read_text().splitlines()] if file.exists() else []
