"""The door that every tool call goes through: contract, permission, record, call, record."""

from typing import Any

from pydantic import JsonValue

from tools import pool
from tools.effects import digest, find_execution, next_key
from tools.errors import (
    ConnectionLost,
    DeadlineExceeded,
    KeyMissing,
    NotAllowed,
    NotSent,
    OutcomeUnknown,
    ToolRefused,
    UnknownTool,
)
from tools.ports import Call, Verdict, current_guard, current_ledger
from tools.registry import ServerEntry, our_servers


class Server:
    """A tool server that steps may call."""

    def __init__(self, entry: ServerEntry) -> None:
        self._entry = entry

    async def call(self, tool: str, /, *, key: str | None = None, **arguments: JsonValue) -> dict[str, Any]:
        """Call a tool and return its structured answer, which keeps the schema that the tool publishes.

        A consequential call happens once for its key, which says by itself what call of what step it is;
        outside a case the caller must pass one. A repeat returns what the first call was answered.

        Raises:
            ToolError: see `tools.errors` for which, and what to do.
        """
        call = self._about_to(tool, arguments, key=key)
        verdict = await current_guard().decide(call)
        if not verdict.allowed:
            raise NotAllowed(f"{call.server}.{call.tool} is not allowed: {verdict.reason}")
        if call.key is None:
            return await pool.send(self._entry, tool, call.arguments)
        return await self._once(call, verdict, key=call.key)

    def _about_to(self, tool: str, arguments: dict[str, JsonValue], *, key: str | None) -> Call:
        contract = self._entry.contract(tool)
        execution = find_execution()
        if contract == "read":
            # Only an effect has a key of ours; this one is an argument that happens to be called so.
            arguments = arguments if key is None else {**arguments, "key": key}
            key = None
        elif key is None:
            if execution is None:
                raise KeyMissing(f"{self._entry.name}.{tool} is consequential: outside a case, pass key=")
            key = next_key(execution, f"{self._entry.name}.{tool}")
        return Call(
            server=self._entry.name,
            tool=tool,
            arguments=arguments,
            digest=digest(arguments),
            contract=contract,
            key=key,
            sandbox=self._entry.sandbox,
            case=execution.case if execution else None,
            step=execution.step if execution else None,
        )

    async def _once(self, call: Call, verdict: Verdict, *, key: str) -> dict[str, JsonValue]:
        ledger = current_ledger()
        known = await ledger.begin(call, verdict)
        if known.receipt is not None:
            return known.receipt
        if known.state == "unfinished" and call.contract != "keyed":
            raise OutcomeUnknown(f"{_described(call)} was begun before and never ended", keyed=False)
        try:
            receipt = await self._send(call, key=key)
        except (NotSent, ToolRefused, UnknownTool) as error:
            # About an earlier try that was left unfinished, this one's failure proves nothing.
            if known.state == "new":
                await ledger.fail(key, error)
            raise
        await ledger.finish(key, receipt)
        return receipt

    async def _send(self, call: Call, *, key: str) -> dict[str, JsonValue]:
        keyed = call.contract == "keyed"
        try:
            return await pool.send(self._entry, call.tool, call.arguments, key=key, key_as_argument=keyed)
        except (DeadlineExceeded, ConnectionLost) as error:
            raise OutcomeUnknown(f"{_described(call)} may have happened: {error}", keyed=keyed) from error


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


def _described(call: Call) -> str:
    return f"{call.server}.{call.tool} with key {call.key!r}"
