"""The Cedar schema of the registered tools: who can ask for what, and what a policy sees of each call.

A principal is an agent, in its process and acting for a person. An action is a tool, in the group `read` or
`change`. The resource is the server that the tool is of. The rest of the call stands in the context.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from server.policies.shapes import Fields, shape_of
from tools.approval.descriptions import Description
from tools.contracts import ToolEntry
from tools.registry import ServerEntry

_ENTITIES = """
entity Process;
entity Person;
entity Agent in [Process] { person: Person, kind: String };
entity Server { sandbox: Bool };
action "read";
action "change";
"""


@dataclass(frozen=True)
class ToolAction:
    """A tool as policies see it. `arguments` are those that its approved description gives a type.

    `answers` is the schema of its answers, if it has one.
    """

    server: ServerEntry
    tool: str
    entry: ToolEntry
    arguments: Fields
    names: frozenset[str] | None
    answers: Mapping[str, JsonValue] | None

    @property
    def id(self) -> str:
        return f"{self.server.name}.{self.tool}"

    @property
    def group(self) -> str:
        return "read" if self.entry.contract == "read" else "change"

    @cached_property
    def places(self) -> frozenset[str]:
        """The arguments, and their fields, of which a source may be known."""
        return frozenset(_places(self.arguments)) | self.entry.witnesses.keys()

    @property
    def cedar(self) -> str:
        sources = ", ".join(f"{json.dumps(place)}?: String" for place in sorted(self.places))
        return (
            f"action {json.dumps(self.id)} in [{json.dumps(self.group)}] appliesTo {{\n"
            f"  principal: [Agent],\n  resource: [Server],\n  context: {{\n"
            f"    arguments: {self.arguments.cedar},\n"
            f"    fields: Set<String>,\n"
            f"    sources: {{{sources}}},\n"
            f"    contract: String,\n    data_class: String,\n    undoes: Bool,\n  }},\n}};\n"
        )


def actions_of(
    servers: Iterable[ServerEntry], approved: Mapping[str, Mapping[str, Description]]
) -> dict[str, ToolAction]:
    """Return every tool that servers.toml lists, by `server.tool`.

    `approved` has the descriptions, by server and tool. Of a tool without one policies see the names of the
    arguments and none of their values.
    """
    found = [
        _action(server, tool, entry=entry, described=approved.get(server.name, {}).get(tool))
        for server in servers
        for tool, entry in server.tools.items()
    ]
    return {action.id: action for action in found}


def cedar_schema(actions: Iterable[ToolAction]) -> str:
    """Return the schema, as `steward policy schema` prints it."""
    return _ENTITIES.lstrip() + "".join(action.cedar for action in actions)


def _action(server: ServerEntry, tool: str, *, entry: ToolEntry, described: Description | None) -> ToolAction:
    return ToolAction(
        server=server,
        tool=tool,
        entry=entry,
        arguments=shape_of(described.input_schema) if described else Fields({}),
        names=_names(described.input_schema) if described else None,
        answers=described.output_schema if described else None,
    )


def _names(schema: Mapping[str, JsonValue]) -> frozenset[str]:
    properties = schema.get("properties")
    return frozenset(properties) if isinstance(properties, dict) else frozenset()


def _places(fields: Fields, above: str = "") -> Iterator[str]:
    for name, shape in fields.fields.items():
        yield f"{above}{name}"
        if isinstance(shape, Fields):
            yield from _places(shape, f"{above}{name}.")
