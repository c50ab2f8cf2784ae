"""What an interrupt opens: a timer for a wait, a review for everything else; and what a timer resumes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langgraph.types import Interrupt

from nodes.wait import Wait
from server.identity.actors import RUNTIME
from server.storage.audit import append_entries, append_entry
from server.storage.database import Connection
from server.storage.reviews import open_review
from server.storage.runs import Claim, enqueue_resumes
from server.storage.timers import Timer, cancel_timers, set_timer

WAIT = "wait"  # the kind of timer that resumes the interrupt which is its key


async def open_interrupts(connection: Connection, claim: Claim, interrupts: Sequence[Interrupt]) -> None:
    """Open what the case now waits for, and cancel the waits that it has left behind.

    Raises:
        ValidationError: a wait is malformed.
    """
    for interrupt in interrupts:
        if (wait := _find_wait(interrupt.value)) is not None:
            await _set_wait(connection, claim, interrupt=interrupt, wait=wait)
        else:
            await _open_review(connection, claim, interrupt=interrupt)
    open_ids = [interrupt.id for interrupt in interrupts]
    await cancel_timers(connection, claim.case_id, kind=WAIT, except_=open_ids)


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


async def _set_wait(connection: Connection, claim: Claim, *, interrupt: Interrupt, wait: Wait) -> None:
    timer = await set_timer(
        connection, claim.case_id, kind=WAIT, key=interrupt.id, until=wait.until, for_s=wait.for_s
    )
    if timer:
        await append_entry(
            connection,
            RUNTIME,
            action="timer_set",
            object_=f"timer/{timer.id}",
            case_id=claim.case_id,
            due_at=timer.due_at.isoformat(),
        )


async def _open_review(connection: Connection, claim: Claim, *, interrupt: Interrupt) -> None:
    """Turn an interrupt into a review; a value that is not shaped like one is shown as it is."""
    body = interrupt.value if isinstance(interrupt.value, dict) else {"value": interrupt.value}
    review_id = await open_review(
        connection,
        claim.case_id,
        interrupt_id=interrupt.id,
        question=str(body.get("question") or "How shall this go on?"),
        role=body.get("role"),
        body=body,
        form=interrupt.response_schema if isinstance(interrupt.response_schema, dict) else None,
    )
    if review_id:
        await append_entry(
            connection,
            RUNTIME,
            action="review_opened",
            object_=f"review/{review_id}",
            case_id=claim.case_id,
            role=body.get("role"),
        )
