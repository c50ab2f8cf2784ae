"""What an interrupt asks for: a timer for a wait, a person for everything else; and what a timer resumes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langgraph.types import Interrupt

from nodes.wait import Wait
from server.identity.actors import RUNTIME
from server.storage.audit import append_entries, append_entry
from server.storage.database import Connection
from server.storage.rests import Question
from server.storage.runs import enqueue_resumes
from server.storage.timers import WAIT, Timer, set_timer


def sort_interrupts(interrupts: Sequence[Interrupt]) -> tuple[list[Question], dict[str, Wait]]:
    """Return what is asked of a person, and the waits by the interrupt's id.

    Raises:
        ValidationError: a wait is malformed.
    """
    questions, waits = [], {}
    for interrupt in interrupts:
        if (wait := _find_wait(interrupt.value)) is not None:
            waits[interrupt.id] = wait
        else:
            questions.append(_question_of(interrupt))
    return questions, waits


async def set_waits(connection: Connection, case_id: UUID, waits: dict[str, Wait]) -> None:
    """Set a timer for each wait that has none."""
    for key, wait in waits.items():
        timer = await set_timer(connection, case_id, kind=WAIT, key=key, until=wait.until, for_s=wait.for_s)
        if timer:
            await append_entry(
                connection,
                RUNTIME,
                action="timer_set",
                object_=f"timer/{timer.id}",
                case_id=case_id,
                due_at=timer.due_at.isoformat(),
            )


async def resume_waits(connection: Connection, timers: list[Timer]) -> None:
    """Let each case go on from its waits that are over, in one run a case."""
    resumes: dict[UUID, dict[str, Any]] = {}
    for timer in timers:
        if timer.ended_at is None:
            raise AssertionError("a timer that has fired has its end")
        resumes.setdefault(timer.case_id, {})[timer.key] = {"fired_at": timer.ended_at.isoformat()}
    await enqueue_resumes(connection, resumes)
    entries = [(f"timer/{one.id}", one.case_id, {"due_at": one.due_at.isoformat()}) for one in timers]
    await append_entries(connection, RUNTIME, action="timer_fired", entries=entries)


def _find_wait(value: Any) -> Wait | None:
    return Wait.model_validate(value) if isinstance(value, dict) and value.get("kind") == WAIT else None


def _question_of(interrupt: Interrupt) -> Question:
    """Turn an interrupt into a question; a value that is not shaped like one is shown as it is."""
    body = interrupt.value if isinstance(interrupt.value, dict) else {"value": interrupt.value}
    return Question(
        interrupt.id,
        question=str(body.get("question") or "How shall this go on?"),
        role=body.get("role"),
        body=body,
        form=interrupt.response_schema if isinstance(interrupt.response_schema, dict) else None,
    )
