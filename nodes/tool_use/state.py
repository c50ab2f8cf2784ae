"""What a case remembers of a model's work with tools, as plain JSON."""

from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from nodes.tool_use.plan import PlannedTool
from nodes.tool_use.spending import Spent


class Wanted(BaseModel):
    """A call that the model asks for; `approved` once a person has agreed to exactly this one."""

    id: str
    tool: str
    arguments: dict[str, JsonValue]
    approved: bool = False


class Turn(BaseModel):
    """One contribution to the talk: by the model, by a tool (what it answered, or why not), or by us."""

    by: Literal["model", "tool", "us"]
    text: str = ""
    calls: list[Wanted] = []
    call: Wanted | None = None
    answer: dict[str, JsonValue] | None = None

    @property
    def answered(self) -> bool:
        return self.call is not None and self.answer is not None


class Work(BaseModel):
    """How far the model has come.

    `plan` never changes once it is written. `waiting` are calls still to be made, `question` is what a person
    is asked next and `about` what it is about, `repairs` counts what was tried again since a person spoke.
    """

    plan: list[PlannedTool] | None = None
    proposed: list[PlannedTool] = []
    talk: list[Turn] = []
    waiting: list[Wanted] = []
    about: Literal["", "plan", "call", "trouble"] = ""
    question: str = ""
    repairs: int = 0
    spent: Spent = Spent()
    outcome: Literal["", "done", "stopped"] = ""
    answer: str = ""
    reason: str = ""

    def calls_of(self, tool: str) -> int:
        """How often the plan's allowance of the tool was used; what a person approved is not of the plan."""
        made = [turn.call for turn in self.talk if turn.answered and turn.call]
        return sum(call.tool == tool and not call.approved for call in made)

    def has_answer_to(self, wanted: Wanted) -> bool:
        """Whether this very call was made already."""
        made = [turn.call for turn in self.talk if turn.answered and turn.call]
        return any((call.tool, call.arguments) == (wanted.tool, wanted.arguments) for call in made)


class ToolUser(BaseModel):
    """The part of a process's state that the steps of a tool use read and write."""

    work: Work = Work()


def changed(work: Work, **fields: Any) -> dict[str, Any]:
    """Return what a step writes."""
    return {"work": work.model_copy(update=fields).model_dump(mode="json")}
