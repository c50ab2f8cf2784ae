"""The door that every tool call goes through: contract, permission, record, call, record."""

from typing import Any

from pydantic import JsonValue

from tools.approval.approvals import assert_approved
from tools.approval.descriptions import Description
from tools.effects import digest, find_execution, next_key
from tools.errors import KeyMissing, UnknownEffect, UnknownTool
from tools.once import Once
from tools.permission import masked, permit
from tools.ports import Call, current_caller, current_ledger
from tools.registry import ServerEntry, our_servers
from tools.sessions import pool
from tools.sources import note_answer, watched_answers, with_sources


class Server:
    """A tool server that steps may call."""

    def __init__(self, entry: ServerEntry) -> None:
        self._entry = entry
        self._watched = watched_answers([*our_servers().values(), entry])

    def assert_listed(self, tool: str) -> None:
        """Refuse a tool that servers.toml does not list.

        Raises:
            UnknownTool: this is one.
        """
        self._entry.tool(tool)

    async def describe(self, tool: str) -> Description:
        """Return what was approved as the tool's description, for whoever is to choose among tools.

        Raises:
            ToolError: it may not be called as it is offered now, or its server cannot be reached.
        """
        offered = await pool.open_session(self._entry)
        offered.get(tool)
        described = offered.describe(tool)
        if described is None:
            raise AssertionError("what may be called is described")
        return described

    async def call(self, tool: str, /, *, key: str | None = None, **arguments: JsonValue) -> dict[str, Any]:
        """Call a tool and return its structured answer, which keeps the schema that the tool publishes.

        A consequential call happens once for its key, which says by itself what call of what step it is;
        outside a case the caller must pass one. A repeat returns what the first call was answered.

        Raises:
            ToolError: see `tools.errors` for which, and what to do.
        """
        return await self._make(self._about_to(tool, arguments, key=key))

    async def read(self, tool: str, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Call a tool whose name and arguments stand in servers.toml, not in a step."""
        return await self._make(self._about_to(tool, arguments, key=None))

    async def compensate(self, tool: str, receipt: dict[str, JsonValue]) -> dict[str, Any]:
        """Undo an earlier effect of this case, the one of that tool and receipt, and return what undid it.

        The undoing is an effect with a key of its own, so that it too happens once, however often it is
        asked for.

        Raises:
            UnknownEffect: the ledger has no such effect.
            ToolError: as for a call.
        """
        compensation = self._entry.tool(tool).compensated_by
        if compensation is None:
            raise UnknownTool(f"servers.toml names no tool that undoes {self._entry.name}.{tool}")
        done = await current_ledger().recall(self._entry.name, tool, receipt=receipt)
        if done is None:
            raise UnknownEffect(
                f"the ledger knows no {self._entry.name}.{tool} of this case with that receipt"
            )
        arguments = compensation.call(done.arguments, receipt=receipt)
        key = f"{done.key}/compensation"
        return await self._make(self._about_to(compensation.tool, arguments, key=key, undoes=done.key))

    async def _make(self, call: Call) -> dict[str, JsonValue]:
        assert_approved(self._entry, call.tool)
        call = await with_sources(call, self._entry.tool(call.tool))
        verdict = await permit(call)
        if call.key is None:
            async with pool.turn(self._entry, call) as turn:
                answer = await turn.send()
            await note_answer(self._watched.get(f"{call.server}.{call.tool}", ()), answer)
            return masked(answer, verdict)
        return await Once(self._entry, call, verdict=verdict, key=call.key, read=self.read).happen()

    def _about_to(
        self, tool: str, arguments: dict[str, JsonValue], *, key: str | None, undoes: str | None = None
    ) -> Call:
        contract = self._entry.tool(tool).contract
        execution = find_execution()
        if contract == "read" and key is not None:
            # Only an effect has a key of ours; this one is an argument that happens to be called so.
            arguments, key = {**arguments, "key": key}, None
        place = key
        if place is None and execution is not None:
            place = next_key(execution, f"{self._entry.name}.{tool}")
        if contract != "read" and place is None:
            raise KeyMissing(f"{self._entry.name}.{tool} is consequential: outside a case, pass key=")
        return Call(
            server=self._entry.name,
            tool=tool,
            arguments=arguments,
            digest=digest(arguments),
            contract=contract,
            key=place if contract != "read" else None,
            sandbox=self._entry.sandbox,
            case=execution.case if execution else None,
            step=execution.step if execution else None,
            place=place,
            undoes=undoes,
            attempt=execution.attempt if execution else 1,
            caller=current_caller(),
        )


def server(name: str) -> Server:
    """Return the tool server of that name in servers.toml.

    Raises:
        UnknownTool: there is no such server.
        ServersInvalid: the file cannot be used.
    """
    servers = our_servers()
    if name not in servers:
        raise UnknownTool(f"there is no server {name!r} in servers.toml")
    return Server(servers[name])
