"""What a model may do at most, what it plans to do, and whether a call is within both."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

TASK = "task"
"""The value stands in the task, which is trusted."""
DOCUMENT = "document"
"""The value stands in one of the documents, which are not."""
CHOICE = "choice"
"""The value is one of those that the tool's own schema lists."""
MODEL = "model"
"""The value is the model's own words: anything that it has read may be in it."""

PLAN = "write_plan"


class May(BaseModel):
    """How often a tool may be called at most, and where each of its arguments may come from.

    A source is `TASK`, `DOCUMENT`, `CHOICE`, `MODEL`, or an answer: `server__tool:path` for exactly the value
    at that place, `server__tool` for what stands anywhere in its text. An argument that is not named is not
    passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: Annotated[int, Field(ge=1)] = 1
    arguments: dict[str, list[str]] = {}


class PlannedTool(BaseModel):
    """A tool that the plan uses: how often at most, and where its arguments come from."""

    model_config = ConfigDict(extra="forbid")

    tool: str
    at_most: Annotated[int, Field(ge=1)] = 1
    arguments: dict[str, list[str]] = {}


class Plan(BaseModel):
    """What the model writes before it reads anything."""

    model_config = ConfigDict(extra="forbid")

    tools: list[PlannedTool]


def plan_tool(may: Mapping[str, May]) -> dict[str, Any]:
    """Describe the only tool that a model has while it plans."""
    schema = Plan.model_json_schema()
    schema["$defs"]["PlannedTool"]["properties"]["tool"]["enum"] = sorted(may)
    text = "Say which tools you will use, how often at most, and where each argument will come from."
    return {"type": "function", "function": {"name": PLAN, "description": text, "parameters": schema}}


def completed(plan: Plan, may: Mapping[str, May]) -> list[PlannedTool]:
    """Fill in what the plan leaves open: an argument comes from where it may."""
    tools: dict[str, PlannedTool] = {}
    for one in plan.tools:
        again = tools.get(one.tool)
        tools[one.tool] = PlannedTool(
            tool=one.tool,
            at_most=one.at_most + (again.at_most if again else 0),
            arguments={**may[one.tool].arguments, **(again.arguments if again else {}), **one.arguments},
        )
    return list(tools.values())


def beyond(plan: Sequence[PlannedTool], may: Mapping[str, May]) -> list[str]:
    """Say where a plan wants more than the model may."""
    return [reason for one in plan for reason in _beyond(one, may)]


def _beyond(one: PlannedTool, may: Mapping[str, May]) -> Iterator[str]:
    allowed = may[one.tool]
    if one.at_most > allowed.at_most:
        yield f"{one.tool} {one.at_most} times, and it may {allowed.at_most} times"
    for argument, sources in one.arguments.items():
        if more := sorted(set(sources) - set(allowed.arguments.get(argument, []))):
            yield f"{argument} of {one.tool} from {', '.join(more)}"


def outside(
    tool: str, arguments: Mapping[str, JsonValue], *, plan: Sequence[PlannedTool], made: int
) -> str | None:
    """Say why a call is not in the plan, apart from where its values come from; None if it is."""
    planned = next((one for one in plan if one.tool == tool), None)
    if planned is None:
        return f"{tool} is not in the plan"
    if made >= planned.at_most:
        return f"the plan has {tool} {planned.at_most} times, and it was called as often"
    if more := sorted(arguments.keys() - planned.arguments.keys()):
        return f"the plan passes no {', '.join(more)} to {tool}"
    return None


def sources_of(plan: Collection[PlannedTool], tool: str) -> dict[str, list[str]]:
    return next(one.arguments for one in plan if one.tool == tool)
