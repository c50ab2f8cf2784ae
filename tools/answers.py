"""What a tool server answers, checked against what it promises."""

import math

from mcp.types import CallToolResult, TextContent, Tool
from pydantic import JsonValue

from tools.contracts import AnswerForm
from tools.credentials.redaction import hidden
from tools.errors import BadAnswer, ToolRefused
from tools.promises import Promise
from tools.sessions.messages import Unreadable, read_json
from tools.words import quoted

# What a case can keep: its state goes through a database and a person's browser.
MOST_LEVELS = 100
MOST_VALUES = 100_000
LARGEST_INTEGER = 2**63 - 1


class Offer:
    """A tool as its server offers it, with the form of answer that servers.toml says.

    Raises:
        BadOffer: its output schema is none.
    """

    def __init__(self, tool: Tool, form: AnswerForm = "structure") -> None:
        self.name = tool.name
        self.takes_key = "key" in tool.inputSchema.get("properties", {})
        self._form = form
        promised = tool.outputSchema if form == "structure" else None
        self._promise = None if promised is None else Promise(tool.name, promised)

    def structure(self, result: CallToolResult) -> dict[str, JsonValue]:
        """Return the structured content of a result, or what servers.toml puts in its place.

        Raises:
            ToolRefused: the server says that it did not do it.
            BadAnswer: it is missing, is more than a case can keep, or breaks the tool's output schema.
        """
        if result.isError:
            raise ToolRefused(f"{self.name} says {quoted(_texts(result))}")
        copy = _Copy(self.name)
        answer = copy.of_object(self._content(result), level=1)
        if self._promise is not None:
            self._promise.check(answer, values=copy.values, depth=copy.levels)
        return answer

    def _content(self, result: CallToolResult) -> dict[str, JsonValue]:
        if self._form == "structure":
            if result.structuredContent is None:
                raise BadAnswer(f"{self.name} answered without structured content: {quoted(_texts(result))}")
            return result.structuredContent
        other = next((block.type for block in result.content if not isinstance(block, TextContent)), None)
        if other is not None or not result.content:
            raise BadAnswer(f"{self.name} should answer with text alone, and brought {other or 'nothing'}")
        if self._form == "text":
            return {"text": _texts(result)}
        try:
            return {"json": read_json(_texts(result).encode(errors="replace"))}
        except Unreadable as error:
            raise BadAnswer(f"{self.name} should answer with JSON as text: {error}") from error


class _Copy:
    """A copy of JSON from outside that a database can keep, and how much of it there is."""

    def __init__(self, tool: str) -> None:
        self._tool = tool
        self.values = 0
        self.levels = 0

    def of_object(self, value: dict[str, JsonValue], *, level: int) -> dict[str, JsonValue]:
        self._count(level)
        copy = {_storable(name): self.of(item, level=level + 1) for name, item in value.items()}
        if len(copy) < len(value):
            raise BadAnswer(f"{self._tool} answered with names that no database can tell apart")
        return copy

    def of(self, value: JsonValue, *, level: int) -> JsonValue:
        if isinstance(value, dict):
            return self.of_object(value, level=level)
        self._count(level)
        if isinstance(value, str):
            return _storable(value)
        if isinstance(value, list):
            return [self.of(item, level=level + 1) for item in value]
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise BadAnswer(f"{self._tool} answered with a whole number of more than 64 bits")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadAnswer(f"{self._tool} answered with {value}, which is no number")
        return value

    def _count(self, level: int) -> None:
        self.values += 1
        self.levels = max(self.levels, level)
        if self.values > MOST_VALUES or level > MOST_LEVELS:
            raise BadAnswer(
                f"{self._tool} answered with more than {MOST_VALUES:,} values or {MOST_LEVELS} levels"
            )


def _storable(text: str) -> str:
    """Replace what no database keeps in text, NUL and lone surrogates, and what none may: our secrets."""
    return hidden(text).replace("\0", "\ufffd").encode(errors="replace").decode()


def _texts(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
