"""The MCP tools of an outside system: what it offers under each contract, and how a call goes wrong."""

import asyncio
import time
from typing import Any

from mcp import McpError, types
from mcp.server.lowlevel import Server
from system_books import Books, Contract, FaultName, KeyConflict
from system_listing import offered

KEY_IN_META = "io.steward/idempotency-key"
# Set in the request's ASGI scope for the HTTP server to act on.
BREAK_OFF, ANSWER_503 = "break_off", "answer_503"


class Refused(Exception):
    """The system says no, in words."""


class SystemTools:
    """The tools over one file. Under `keyed` a repeat with the same key is applied once."""

    def __init__(self, books: Books, contract: Contract) -> None:
        self._books = books
        self._contract = contract
        self._tools = {tool.name: tool for tool in offered(contract)}
        self.server: Server[Any, Any] = Server(contract)
        self.server.request_handlers[types.ListToolsRequest] = self._list
        self.server.request_handlers[types.CallToolRequest] = self._call

    async def _list(self, _request: types.ListToolsRequest) -> types.ServerResult:
        listed = offered(self._contract, self._books.listing())
        return types.ServerResult(types.ListToolsResult(tools=listed))

    async def _call(self, request: types.CallToolRequest) -> types.ServerResult:
        name, arguments = request.params.name, request.params.arguments or {}
        if name not in self._tools:
            raise McpError(types.ErrorData(code=types.INVALID_PARAMS, message=f"there is no tool {name}"))
        try:
            if name in {"transfer", "cancel_transfer"}:
                return _result(await self._change(name, arguments, key=_key(request, arguments)))
            return _result(await asyncio.to_thread(self._read, name, arguments))
        except (Refused, KeyConflict, LookupError, TypeError, ValueError) as refusal:
            return _result(text=f"{refusal}", is_error=True)

    async def _change(self, name: str, arguments: dict[str, Any], *, key: str | None) -> dict[str, Any]:
        arrived_at = time.time()
        if self._contract == "keyed" and not key:
            raise Refused("a key is needed")
        faults = self._books.take_faults()
        if "delay" in faults:
            await asyncio.sleep(faults["delay"].seconds)
        self._fail(faults, "")
        answer = await asyncio.to_thread(self._apply, name, arguments, key=key, arrived_at=arrived_at)
        if "delay_after" in faults:
            await asyncio.sleep(faults["delay_after"].seconds)
        self._fail(faults, "_after")
        if "lose_answer" in faults:
            self._mark(BREAK_OFF)
        return {"nonsense": True} if "bad_answer" in faults else answer

    def _fail(self, faults: dict[FaultName, Any], when: str) -> None:
        if f"http_503{when}" in faults:
            self._mark(ANSWER_503)
            raise Refused("nobody reads this")
        if f"rpc_error{when}" in faults:
            raise McpError(types.ErrorData(code=types.INTERNAL_ERROR, message="the system stumbled"))
        if f"refuse{when}" in faults:
            raise Refused("the system says no")

    def _apply(
        self, name: str, arguments: dict[str, Any], *, key: str | None, arrived_at: float
    ) -> dict[str, Any]:
        given = {field: value for field, value in arguments.items() if field != "key"}
        once = self._contract == "keyed"
        if name == "cancel_transfer":
            return self._books.cancel(**given, key=key, once=once, arrived_at=arrived_at)
        return self._books.transfer(**given, key=key, once=once, arrived_at=arrived_at)

    def _read(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "find_transfers":
            return {"transfers": self._books.find_transfers(arguments["reference"])}
        if name == "find_cancellations":
            return {"cancellations": self._books.find_cancellations(arguments["transfer"])}
        limit = int(arguments.get("limit", 500))
        if name == "list_keys":
            after = int(arguments.get("after", "0"))
            keys = self._books.list_keys(after=after, limit=limit)
            return {"keys": keys, "next": str(after + limit) if len(keys) == limit else None}
        rows = self._books.list_transfers(after=int(arguments.get("after", "0")), limit=limit)
        more = len(rows) == limit
        return {"transfers": rows, "next": rows[-1]["transfer"].removeprefix("T-") if more else None}

    def _mark(self, mark: str) -> None:
        request: Any = self.server.request_context.request
        request.scope[mark] = True


def _key(request: types.CallToolRequest, arguments: dict[str, Any]) -> str | None:
    meta = request.params.meta
    key = arguments.get("key") or ((meta.model_extra or {}).get(KEY_IN_META) if meta else None)
    return key if isinstance(key, str) else None


def _result(
    structure: dict[str, Any] | None = None, *, text: str = "", is_error: bool = False
) -> types.ServerResult:
    content: list[Any] = [types.TextContent(type="text", text=text)]
    return types.ServerResult(
        types.CallToolResult(content=content, structuredContent=structure, isError=is_error)
    )
