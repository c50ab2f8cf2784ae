"""The steps of a tool use: plan, think, act, ask. A checkpoint follows each, so none is done twice."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langgraph.types import interrupt
from pydantic import JsonValue

from nodes.review import Approval, Review
from nodes.tool_use.plan import May, beyond, completed, outside, plan_tool, sources_of
from nodes.tool_use.replies import Unusable, read_plan
from nodes.tool_use.speaking import Said, Speaker
from nodes.tool_use.spending import Caps, Price
from nodes.tool_use.state import Turn, Wanted, Work, changed
from nodes.tool_use.talk import planning_talk, working_talk
from nodes.tool_use.toolbox import Toolbox
from nodes.tool_use.values import Known, strangers
from tools.errors import NotAllowed, ToolRefused

Step = Literal["plan", "think", "act", "ask", "done"]
NO_DOCUMENTS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Rules:
    """What a model may do, what becomes of more, and how often it tries again before a person is asked."""

    may: Mapping[str, May]
    beyond: Literal["review", "refuse"]
    role: str
    repairs: int


@dataclass(frozen=True)
class Sight:
    """What there is to see of a case: the task, which is trusted, and the documents, which are not."""

    task: Callable[[Any], str]
    documents: Callable[[Any], Mapping[str, str]]


def tool_use(
    name: str,
    *,
    model: BaseChatModel | Callable[[], BaseChatModel],
    task: Callable[[Any], str],
    may: Mapping[str, May],
    documents: Callable[[Any], Mapping[str, str]] = lambda _: NO_DOCUMENTS,
    caps: Caps = Caps(),  # noqa: B008  it is frozen
    price: Price | None = None,
    beyond: Literal["review", "refuse"] = "review",
    role: str = "controller",
    repairs: int = 2,
) -> "ToolUse":
    """Make the steps by which a model works on a task with tools.

    `task` and `documents` are functions of the state. `may` names the tools as `server__tool`. What is beyond
    that or outside the plan is asked of `role`, or refused unasked. What fails is tried again, as often
    as `repairs` says, then asked. `model` may be a function, called when a step first needs it.

    Raises:
        ValueError: there is a cap on money and no price.
        UnknownTool: servers.toml does not list a tool.
    """
    if caps.money is not None and price is None:
        raise ValueError("a cap on money needs the model's price")
    speaker = Speaker(model, caps=caps, price=price)
    toolbox = Toolbox(may, agent=f"model/{name}")
    return ToolUse(
        name, speaker, toolbox, rules=Rules(may, beyond, role, repairs), sight=Sight(task, documents)
    )


class ToolUse:
    """Steps for a graph whose state is a `ToolUser`; `next` says which of them comes now, or `done`."""

    def __init__(self, name: str, speaker: Speaker, toolbox: Toolbox, *, rules: Rules, sight: Sight) -> None:
        self._name = name
        self._speaker = speaker
        self._tools = toolbox
        self._rules = rules
        self._sight = sight

    @staticmethod
    def next(state: Any) -> Step:
        """Say which step comes now."""
        work: Work = state.work
        if work.outcome:
            return "done"
        if work.question:
            return "ask"
        if work.plan is None:
            return "plan"
        return "act" if work.waiting else "think"

    async def plan(self, state: Any) -> dict[str, Any]:
        """Let the model write its plan, from the task and the approved tools alone."""
        work: Work = state.work
        may = self._rules.may
        described = {name: await self._tools.text(name) for name in may}
        trouble = work.talk[-1].text if work.talk else ""
        messages = planning_talk(self._sight.task(state), may, described, trouble=trouble)
        said = await self._speaker.say(messages, [plan_tool(may)], spent=work.spent)
        if said.reply is None:
            return self._speechless(work, said)
        work = work.model_copy(update={"spent": said.spent})
        try:
            plan = completed(read_plan(said.reply, may), may)
        except Unusable as unusable:
            return self._again(work, Turn(by="us", text=str(unusable)))
        if more := beyond(plan, may):
            return self._beyond_its_rights(work, proposed=plan, more=more)
        return changed(work, plan=plan, talk=[])

    async def think(self, state: Any) -> dict[str, Any]:
        """Let the model say what comes next: calls, or its answer."""
        work: Work = state.work
        plan, documents = work.plan or [], self._sight.documents(state)
        messages = working_talk(self._sight.task(state), plan, documents, talk=work.talk)
        tools = [await self._tools.offered(one.tool, one.arguments) for one in plan]
        said = await self._speaker.say(messages, tools, spent=work.spent)
        if said.reply is None:
            return self._speechless(work, said)
        calls, text = said.reply.calls, said.reply.text
        talk = [*work.talk, Turn(by="model", text=text, calls=calls)]
        if calls:
            return changed(work, spent=said.spent, talk=talk, waiting=calls)
        return changed(work, spent=said.spent, talk=talk, outcome="done", answer=text)

    async def act(self, state: Any) -> dict[str, Any]:
        """Make one call that the model wants, if the plan has it."""
        work: Work = state.work
        wanted = work.waiting[0]
        if wanted.tool not in self._rules.may:
            return self._unmade(work, "There is no such tool.")
        if work.has_answer_to(wanted):
            return self._unmade(work, "You called that before; its answer stands above.")
        if not wanted.approved and (reason := await self._why_outside(state, wanted)):
            if self._rules.beyond == "refuse":
                return self._unmade(work, f"Not made: {reason}.")
            return changed(work, about="call", question=f"it wants a call that is not in its plan: {reason}")
        began = time.monotonic()
        try:
            answer = await self._tools.call(wanted.tool, wanted.arguments)
        except (NotAllowed, ToolRefused) as refusal:
            return self._unmade(work, f"Not made: {refusal}")
        talk = [*work.talk, Turn(by="tool", call=wanted, answer=answer)]
        spent = work.spent.later(time.monotonic() - began)
        return changed(work, talk=talk, waiting=work.waiting[1:], spent=spent)

    def ask(self, state: Any) -> dict[str, Any]:
        """Ask a person about what the model may not do by itself, or cannot."""
        work: Work = state.work
        evidence: dict[str, JsonValue] = {
            "task": self._sight.task(state),
            "plan": [one.model_dump() for one in work.plan or work.proposed],
            "call": work.waiting[0].model_dump(exclude={"approved"}) if work.about == "call" else None,
        }
        review = Review(
            question=f"{self._name} cannot go on by itself. Let it?",
            role=self._rules.role,
            reason=work.question,
            evidence=evidence,
        )
        answer = interrupt(review.model_dump(mode="json"), response_schema=Approval)
        work = work.model_copy(update={"about": "", "question": "", "repairs": 0})
        if answer.decision == "approve":
            return _approved(work, about=state.work.about)
        if answer.decision == "reject":
            return _rejected(work, about=state.work.about, comment=answer.comment)
        return changed(work)

    async def _why_outside(self, state: Any, wanted: Wanted) -> str | None:
        """Say why the plan does not have this call; None if it does."""
        work: Work = state.work
        plan = work.plan or []
        made = work.calls_of(wanted.tool)
        if reason := outside(wanted.tool, wanted.arguments, plan=plan, made=made):
            return reason
        known = Known(self._sight.task(state), self._sight.documents(state), work.talk)
        schema = await self._tools.schema(wanted.tool)
        sources = sources_of(plan, wanted.tool)
        if lost := strangers(wanted.arguments, sources, known=known, schema=schema):
            return "; ".join(f"{name} comes from none of {', '.join(sources[name])}" for name in lost)
        return None

    def _speechless(self, work: Work, said: Said) -> dict[str, Any]:
        """Stop at a cap, try again after trouble."""
        if said.stopped:
            return changed(work, outcome="stopped", reason=said.stopped)
        work = work.model_copy(update={"spent": said.spent})
        return self._again(work, Turn(by="us", text=said.trouble))

    def _unmade(self, work: Work, why: str) -> dict[str, Any]:
        """Tell the model that its call was not made."""
        wanted, *others = work.waiting
        work = work.model_copy(update={"waiting": others})
        return self._again(work, Turn(by="tool", call=wanted, text=why))

    def _again(self, work: Work, turn: Turn) -> dict[str, Any]:
        """Let the model try again, or ask a person if it has done so often enough."""
        talk, repairs = [*work.talk, turn], work.repairs + 1
        if repairs <= self._rules.repairs:
            return changed(work, talk=talk, repairs=repairs)
        return changed(work, talk=talk, about="trouble", question=f"it does not get on: {turn.text}")

    def _beyond_its_rights(self, work: Work, *, proposed: Any, more: list[str]) -> dict[str, Any]:
        reason = f"its plan wants more than it may: {'; '.join(more)}"
        if self._rules.beyond == "refuse":
            return changed(work, proposed=proposed, outcome="stopped", reason=reason)
        return changed(work, proposed=proposed, about="plan", question=reason)


def _approved(work: Work, *, about: str) -> dict[str, Any]:
    """Let it: the plan as proposed, exactly this call, or another try."""
    if about == "plan":
        return changed(work, plan=work.proposed, talk=[])
    if about == "call":
        wanted, *others = work.waiting
        return changed(work, waiting=[wanted.model_copy(update={"approved": True}), *others])
    return changed(work)


def _rejected(work: Work, *, about: str, comment: str) -> dict[str, Any]:
    """Go on without the call; without a plan, or in trouble, stop."""
    if about != "call":
        return changed(work, outcome="stopped", reason=comment)
    wanted, *others = work.waiting
    refusal = Turn(by="tool", call=wanted, text="Not made: a person has refused it.")
    return changed(work, talk=[*work.talk, refusal], waiting=others)
