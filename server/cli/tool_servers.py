"""The tool servers as commands ask them: from this process, over sessions that end with the command."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pydantic import JsonValue

from server.errors import BadRequest, NotFound, Unavailable
from tools import Server, close
from tools.approval.approvals import approvals_of, save_approvals
from tools.approval.survey import KnownServer, KnownTool, survey
from tools.ports import Caller, install
from tools.registry import ServerEntry, our_servers

_AnswerT = TypeVar("_AnswerT")


def known(name: str | None = None, *, person: str | None) -> list[KnownServer]:
    """Ask one server what it offers, or all of them, on behalf of a person where that matters.

    Raises:
        NotFound: servers.toml has none of that name.
    """
    return _ask(survey(our_servers().values() if name is None else [_entry_of(name)]), person=person)


def tool_of(server: KnownServer, name: str) -> KnownTool:
    """Return the tool of that name.

    Raises:
        NotFound: neither servers.toml nor the server has one.
    """
    for tool in server.tools:
        if tool.name == name:
            return tool
    raise NotFound(f"there is no tool {name!r} of {server.name!r}")


def approvable(name: str, tools: list[str], *, person: str | None) -> list[KnownTool]:
    """Return what of a server may be approved and is not: of these tools, or of all if there are none.

    Raises:
        BadRequest: the server needs no approval, or one of the tools cannot have one.
        Unavailable: the server does not answer.
    """
    if not _entry_of(name).pinned:
        raise BadRequest(f"{name} is not pinned: its tools need no approval")
    server = known(name, person=person)[0]
    if server.error:
        raise Unavailable(server.error)
    for tool in (tool_of(server, one) for one in tools):
        if tool.status in {"unlisted", "missing", "twice"}:
            raise BadRequest(f"{name}.{tool.name} is {tool.status}, and cannot be approved")
    open_ = [tool for tool in server.tools if tool.status in {"new", "changed"}]
    return [tool for tool in open_ if not tools or tool.name in tools]


def keep_approved(name: str, tools: list[KnownTool]) -> Path:
    """Write into the server's lock what it offers of these tools, and return the file.

    What is approved of other tools stays, as long as servers.toml lists them.
    """
    entry = _entry_of(name)
    kept = {tool: said for tool, said in approvals_of(entry).items() if tool in entry.tools}
    return save_approvals(entry, {**kept, **{tool.name: tool.offered for tool in tools if tool.offered}})


def answer_of(
    name: str, tool: str, *, arguments: dict[str, JsonValue], key: str | None, person: str | None
) -> dict[str, JsonValue]:
    """Call a tool, as no part of a case.

    Raises:
        BadRequest: a key comes with a tool that only reads.
    """
    entry = _entry_of(name)
    if entry.tool(tool).contract != "read":
        return _ask(Server(entry).call(tool, key=key, **arguments), person=person)
    if key is not None:
        raise BadRequest(f"{name}.{tool} only reads, and takes no key", field="key")
    return _ask(Server(entry).read(tool, arguments), person=person)


def _entry_of(name: str) -> ServerEntry:
    if name not in our_servers():
        raise NotFound(f"there is no server {name!r} in servers.toml")
    return our_servers()[name]


def _ask(question: Coroutine[Any, Any, _AnswerT], *, person: str | None) -> _AnswerT:
    async def asking() -> _AnswerT:
        try:
            return await question
        finally:
            await close()

    with install(caller=Caller(person, "operator", None)):
        return asyncio.run(asking())
