"""The tools that a model may use, as it sees them, and the door that its calls go through."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from nodes.tool_use.plan import May
from tools import Server, server
from tools.errors import NotAllowed
from tools.ports import current_caller, install

KEY = "key"


class Toolbox:
    """Tools by their names for a model, `server__tool`.

    Raises:
        UnknownTool: servers.toml does not list one.
    """

    def __init__(self, may: Mapping[str, May], *, agent: str) -> None:
        self._agent = agent
        self._doors = {name: _door(name) for name in may}

    async def text(self, name: str) -> str:
        """What was approved as the tool's description."""
        door, tool = self._doors[name]
        return (await door.describe(tool)).description or ""

    async def schema(self, name: str) -> dict[str, Any]:
        door, tool = self._doors[name]
        return (await door.describe(tool)).input_schema

    async def offered(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tool for `bind_tools`, with these arguments only."""
        schema = await self.schema(name)
        properties = {one: part for one, part in schema.get("properties", {}).items() if one in arguments}
        required = [one for one in schema.get("required", []) if one in properties]
        shown = {**schema, "properties": properties, "required": required}
        return {
            "type": "function",
            "function": {"name": name, "description": await self.text(name), "parameters": shown},
        }

    async def call(self, name: str, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Call through the door, as the model that chose the call.

        Raises:
            NotAllowed: the guard says no, or the model chooses a key.
            ToolError: as every call.
        """
        door, tool = self._doors[name]
        if KEY in arguments:
            raise NotAllowed(f"{name}: no model chooses the key of an effect")
        with install(caller=replace(current_caller(), agent=self._agent)):
            return await door.call(tool, key=None, **arguments)


def _door(name: str) -> tuple[Server, str]:
    owner, _, tool = name.partition("__")
    door = server(owner)
    door.assert_listed(tool)
    return door, tool
