"""What was approved of each tool server's tools: the lock file beside the file of servers.

For `servers.toml` it is `servers.lock.json`: each approved description, whole, so that a later difference can
be shown, and its digest. It belongs under version control, which says who approved what, and when.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from tools.approval.descriptions import Change, Description, changes_of
from tools.errors import ServersInvalid, ToolChanged, ToolNotApproved
from tools.registry import ServerEntry
from tools.words import visible

Approvals = Mapping[str, Description]
LINE = 110


@dataclass(frozen=True)
class _Read:
    stamp: tuple[int, int]
    servers: Mapping[str, Approvals]


_read: dict[Path, _Read] = {}


def approvals_of(entry: ServerEntry) -> Approvals:
    """Return what is approved of the server now, by tool; nothing where there is no lock file.

    Raises:
        ServersInvalid: the lock file cannot be used.
    """
    return load_lock(entry.lock_file).get(entry.name, {}) if entry.lock_file else {}


def load_lock(path: Path) -> Mapping[str, Approvals]:
    """Read a lock file, by server and tool; it is read anew when it was written anew.

    Raises:
        ServersInvalid: it cannot be used.
    """
    try:
        status = os.stat(path)
    except OSError:
        return {}
    stamp = (status.st_mtime_ns, status.st_size)
    if path not in _read or _read[path].stamp != stamp:
        _read[path] = _Read(stamp, _parsed(path))
    return _read[path].servers


def save_approvals(entry: ServerEntry, approvals: Approvals) -> Path:
    """Write what is approved of one server into its lock file, and return that file."""
    if entry.lock_file is None:
        raise ServersInvalid(f"server {entry.name!r} stands in no file, so that it has no lock beside it")
    servers = {**load_lock(entry.lock_file), entry.name: approvals}
    written: JsonValue = {
        server: {tool: _stored(tools[tool]) for tool in sorted(tools)}
        for server, tools in sorted(servers.items())
        if tools
    }
    fresh = entry.lock_file.with_name(f".{entry.lock_file.name}.new")
    fresh.write_text(f"{lay_out(written)}\n", encoding="utf-8")
    fresh.replace(entry.lock_file)
    return entry.lock_file


def assert_approved(entry: ServerEntry, tool: str) -> None:
    """Refuse a tool that nobody has approved, unless its server is not pinned.

    Raises:
        ToolNotApproved: this is one.
    """
    if entry.pinned and tool not in approvals_of(entry):
        raise ToolNotApproved(
            f"{entry.name}.{tool} is not approved: look at it with `steward tools approve {entry.name}`",
            about=f"{entry.name}.{tool}",
        )


def assert_unchanged(entry: ServerEntry, tool: str, offered: Description | None) -> None:
    """Hold what the server offers under this name, None for nothing, against what was approved.

    Raises:
        ToolNotApproved: nobody has approved the tool, and its server is pinned.
        ToolChanged: something else was approved.
    """
    if not entry.pinned:
        return
    assert_approved(entry, tool)
    approved = approvals_of(entry)[tool]
    if offered is None:
        changes = [Change("tool", "offered", "not offered any more")]
    elif offered.digest != approved.digest:
        changes = changes_of(approved, offered)
    else:
        return
    raise ToolChanged(
        f"{entry.name}.{tool} is not what was approved: {'; '.join(map(str, changes))}."
        f" See `steward tools diff {entry.name}`",
        about=f"{entry.name}.{tool}",
        changes=[change.as_json() for change in changes],
    )


def lay_out(value: JsonValue, indent: int = 0) -> str:
    """Write JSON with one thing a line, and what fits into one line in one; nothing in it is unseen."""
    flat = visible(json.dumps(value, ensure_ascii=False))
    if len(flat) + indent <= LINE or not isinstance(value, dict | list) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, list):
        lines = [f"{inner}{lay_out(item, indent + 2)}" for item in value]
    else:
        lines = [
            f"{inner}{visible(json.dumps(name, ensure_ascii=False))}: {lay_out(item, indent + 2)}"
            for name, item in value.items()
        ]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{' ' * indent}{closing}"


def _stored(description: Description) -> dict[str, JsonValue]:
    """A description's text is stored as its lines, which a review of a change reads one by one."""
    said = description.as_json()
    del said["name"]
    if description.description is not None:
        said["description"] = list(description.description.split("\n"))
    return {"digest": description.digest, **said}


def _parsed(path: Path) -> dict[str, Approvals]:
    try:
        content: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
        return {
            server: {name: _described(name, stored) for name, stored in tools.items()}
            for server, tools in content.items()
        }
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ServersInvalid(
            f"{path.name}: {reason}; mend it, or write it anew with `steward tools approve`"
        ) from error


def _described(name: str, stored: dict[str, Any]) -> Description:
    said = {**stored, "name": name}
    digest = said.pop("digest")
    if "description" in said:
        said["description"] = "\n".join(said["description"])
    described = Description.model_validate(said)
    if described.digest != digest:
        raise ValueError(f"{name} is not what its digest says")
    return described
