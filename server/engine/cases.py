"""Starting a case and answering its review: each is one transaction."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from server.engine.call_reviews import keep_call_answer
from server.engine.documents import check_reference
from server.engine.forms import check_answer
from server.engine.limits import DEFAULTS, HostLimits
from server.engine.payloads import check_payload
from server.engine.registry import Process
from server.errors import CaseNotWaiting, Conflict, ReviewAlreadyAnswered, ReviewWithdrawn
from server.failpoints import pass_point
from server.storage.audit import append_entry
from server.storage.cases import Case, get_case, insert_case, lock_case, set_status
from server.storage.database import Connection, Database
from server.storage.idempotency import find_case_of_key, keep_key
from server.storage.reviews import Review, accept_answer, get_review
from server.storage.runs import enqueue_run


class _KeyTaken(Exception):
    """Another request reserved the key first; this transaction is undone."""


@dataclass(frozen=True)
class Order:
    """How urgent a case is (-100 to 100, the higher first), and the time before which it must not start."""

    priority: int = 0
    start_at: datetime | None = None


AT_ONCE = Order()


async def start_case(
    database: Database,
    process: Process,
    *,
    input_: dict[str, Any],
    actor: str,
    key: str | None,
    order: Order = AT_ONCE,
) -> tuple[Case, bool]:
    """Accept an input: case, run, key and audit entry in one transaction.

    Returns the case and whether it is new; an earlier request with the same key gets the case it started.

    Raises:
        BadRequest: the process does not take this input, or not as much.
        IdempotencyMismatch: the key came with another input before.
    """
    checked = check_input(process, input_)
    fingerprint = _fingerprint(process.name, checked, order=order)
    try:
        async with database.pipeline() as connection:
            if key and (known := await find_case_of_key(connection, actor, key=key, fingerprint=fingerprint)):
                return await get_case(connection, known), False
            case = await write_case(connection, process, input_=checked, actor=actor, order=order)
            if key and not await keep_key(
                connection, actor, key=key, fingerprint=fingerprint, case_id=case.id
            ):
                raise _KeyTaken
            pass_point("accept_before_commit")
        pass_point("accept_after_commit")
        return case, True
    except _KeyTaken:
        return await start_case(database, process, input_=input_, actor=actor, key=key, order=order)


def check_input(process: Process, input_: dict[str, Any]) -> dict[str, Any]:
    """Return the input if the process takes it, and as much.

    Raises:
        BadRequest: naming the field that is wrong.
    """
    return process.check_input(check_payload(input_, field="input", limits=process.limits))


async def write_case(
    connection: Connection, process: Process, *, input_: dict[str, Any], actor: str, order: Order = AT_ONCE
) -> Case:
    """Write a case of an input that was checked, its first run and the audit entry: in one transaction.

    Raises:
        BadRequest: the input names a document that is not stored.
    """
    case_id = uuid4()
    if isinstance(reference := input_.get("document"), str):
        await check_reference(connection, reference)
    case = await insert_case(
        connection,
        case_id,
        process=process.name,
        version=process.version,
        input_=input_,
        actor=actor,
        priority=order.priority,
        status="waiting" if order.start_at else "running",
        tables=process.outline["tables"],
    )
    await enqueue_run(connection, case_id, kind="start", due_at=order.start_at)
    await append_entry(
        connection,
        actor,
        action="case_started",
        object_=f"case/{case_id}",
        case_id=case_id,
        process=process.name,
        version=process.version,
    )
    return case


async def answer_review(
    database: Database, review_id: UUID, *, answer: Any, actor: str, limits: HostLimits = DEFAULTS
) -> Review:
    """Accept the first valid answer and enqueue the run that goes on from it, in one transaction.

    Raises:
        BadRequest: the answer does not fit the form or is too large; the review stays open.
        NotPermitted: whoever started the case approves a call that it wants to make.
        ReviewAlreadyAnswered: another answer was first; the message names who gave it.
        ReviewWithdrawn: the question is no longer asked.
    """
    async with database.pipeline() as connection:
        review = await get_review(connection, review_id)
        case = await lock_case(connection, review.case_id)
        check_payload(answer, field="answer", limits=limits.of(review.process))
        if review.status == "open":
            check_answer(answer, form=review.form)
        accepted = await accept_answer(connection, review, answer=answer, actor=actor)
        if accepted is None:
            raise _too_late(await get_review(connection, review_id))
        await keep_call_answer(connection, review, case=case, answer=answer, actor=actor)
        await _resume(connection, case, resume={review.interrupt_id: answer})
        await append_entry(
            connection,
            actor,
            action="review_answered",
            object_=f"review/{review_id}",
            case_id=review.case_id,
            answer=answer,
        )
        pass_point("answer_before_commit")
    pass_point("answer_after_commit")
    return accepted


def _too_late(review: Review) -> Conflict:
    if review.status == "withdrawn":
        return ReviewWithdrawn("this question is no longer asked")
    return ReviewAlreadyAnswered(
        f"{review.answered_by} answered this review at {review.answered_at:%F %T %Z}"
    )


async def _resume(connection: Connection, case: Case, *, resume: dict[str, Any]) -> None:
    if case.ended_at is not None:
        raise CaseNotWaiting(f"case {case.id} is {case.status}, not waiting")
    await enqueue_run(connection, case.id, kind="resume", resume=resume)
    if case.status == "waiting":
        await set_status(connection, case.id, status="running")


def _fingerprint(process: str, input_: dict[str, Any], *, order: Order) -> str:
    request: list[Any] = [process, input_]
    if order != AT_ONCE:
        request += [order.priority, order.start_at and order.start_at.isoformat()]
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
