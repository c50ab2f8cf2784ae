"""What a tool server answers, checked against what it promises."""

from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import validator_for
from mcp.types import CallToolResult, TextContent, Tool
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from tools.errors import BadAnswer, ToolRefused

SHOWN_CHARACTERS = 1000


class Offer:
    """A tool as its server offers it.

    Raises:
        BadAnswer: its output schema is none.
    """

    def __init__(self, tool: Tool) -> None:
        self.name = tool.name
        self.takes_key = "key" in tool.inputSchema.get("properties", {})
        self._promise = _promise(tool)

    def structure(self, result: CallToolResult) -> dict[str, JsonValue]:
        """Return the structured content of a result.

        Raises:
            ToolRefused: the server says that it did not do it.
            BadAnswer: there is no structured content, or it breaks the tool's output schema.
        """
        if result.isError:
            raise ToolRefused(f"{self.name}: {_text(result)}")
        answer = result.structuredContent
        if answer is None:
            raise BadAnswer(f"{self.name} answered without structured content: {_text(result)}")
        self._check(answer)
        return {str(_kept(name)): _kept(value) for name, value in answer.items()}

    def _check(self, answer: dict[str, JsonValue]) -> None:
        if self._promise is None:
            return
        try:
            broken = next(self._promise.iter_errors(answer), None)
        except Unresolvable as error:
            raise BadAnswer(f"{self.name} promises a schema that refers elsewhere: {error}") from error
        if broken is not None:
            field = ".".join(map(str, broken.absolute_path)) or "the answer"
            raise BadAnswer(
                f"{self.name} breaks its own schema, {field}: {broken.message[:SHOWN_CHARACTERS]}"
            )


def _promise(tool: Tool) -> Any:
    """Build the validator of a tool's output schema; None if it has no schema."""
    if tool.outputSchema is None:
        return None
    validator = validator_for(tool.outputSchema)
    try:
        validator.check_schema(tool.outputSchema)
    except SchemaError as error:
        raise BadAnswer(f"{tool.name} promises a schema that is none: {error.message}") from error
    # An empty registry: a schema from outside must not make us fetch what it refers to.
    return validator(tool.outputSchema, registry=Registry())


def _text(result: CallToolResult) -> str:
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    return str(_kept("\n".join(texts)[:SHOWN_CHARACTERS])) or "no text"


def _kept(value: JsonValue) -> JsonValue:
    """Replace what no database keeps in text: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if isinstance(value, dict):
        return {str(_kept(name)): _kept(item) for name, item in value.items()}
    return value
