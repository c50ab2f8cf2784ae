"""Interventions: what an operator does to a case, in one transaction on the locked case, or in a dry run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from server.engine.actions import Action
from server.engine.registry import Process, Registry
from server.engine.rewrites import edit_fields, skip_to
from server.engine.transitions import check_transition
from server.errors import EffectUnsettled, IllegalTransition, NotPermitted
from server.failpoints import pass_point
from server.identity.permissions import may
from server.storage.admission import admit_cases
from server.storage.audit import append_entry
from server.storage.cases import Case, get_case, lock_case, set_status
from server.storage.database import Connection, Database
from server.storage.incidents import resolve_incident
from server.storage.interventions import (
    cancel_runs,
    find_last_answers,
    list_done_effects,
    list_unsettled_effects,
    resume_case,
    supersede_attempt,
    suspend_case,
    withdraw_reviews,
)
from server.storage.runs import enqueue_run, has_active_run


@dataclass(frozen=True)
class Intervention:
    """What to do, why, and with what: `fields` to edit, or the `step` to skip to."""

    action: Action
    reason: str
    fields: dict[str, Any] = field(default_factory=dict)
    step: str = ""
    dry_run: bool = False


@dataclass(frozen=True)
class Change:
    """What came of an intervention beside the case's status.

    `run` says what became of the case's run, `fields` what the edited ones held before and after, `repeats`
    the keys of effects that the step skipped to has had and will have again, `unsettled` those of effects of
    which nobody knows whether they happened.
    """

    run: Literal["enqueued", "kept", "cancelled"] | None = None
    withdrawn: list[UUID] = field(default_factory=list)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What an intervention changed, or would change: the status `before` and `after`, and the rest."""

    case_id: UUID
    action: Action
    dry_run: bool
    before: str
    after: str
    revision: int
    incident_id: UUID | None
    change: Change


async def intervene(
    database: Database,
    registry: Registry,
    case_id: UUID,
    *,
    intervention: Intervention,
    actor: str,
    expected_revision: int | None = None,
) -> Outcome:
    """Do to the case what the operator asks for; a dry run does it and takes everything back.

    Raises:
        NotPermitted: the actor may not.
        RevisionMismatch, IllegalTransition, EffectUnsettled: the case does not admit it as it stands.
        BadRequest: the state has no such field, or the process no such step.
    """
    action = intervention.action
    if not may(actor, action, f"case/{case_id}"):
        raise NotPermitted(f"{actor} may not {action} case {case_id}")
    async with (
        database.transaction() as connection,
        connection.transaction(force_rollback=intervention.dry_run),
    ):
        case = await lock_case(connection, case_id)
        check_transition(case, action, expected_revision=expected_revision)
        change = await _ACTS[action](_Scene(connection, registry, case, intervention))
        incident_id = await _resolve(connection, case, intervention=intervention, actor=actor)
        after = await get_case(connection, case_id)
        await _record(connection, after, before=case, intervention=intervention, actor=actor, change=change)
        pass_point("intervention_before_commit")
    pass_point("intervention_after_commit")
    return Outcome(
        case_id=case_id,
        action=action,
        dry_run=intervention.dry_run,
        before=case.status,
        after=after.status,
        revision=after.revision,
        incident_id=incident_id,
        change=change,
    )


@dataclass(frozen=True)
class _Scene:
    """One intervention under way: the transaction, the case as it was found, and what is to be done."""

    connection: Connection
    registry: Registry
    case: Case
    intervention: Intervention


async def _retry(scene: _Scene) -> Change:
    """Go on from the last checkpoint, with the answers that the failed run brought."""
    connection, case_id = scene.connection, scene.case.id
    await set_status(connection, case_id, status="running")
    await enqueue_run(connection, case_id, kind="retry", resume=await find_last_answers(connection, case_id))
    return Change(run="enqueued")


async def _edit(scene: _Scene) -> Change:
    """Give fields other values. A question that is open is asked again, about the new facts."""
    connection, case = scene.connection, scene.case
    await _shut_out(scene)
    fields = await edit_fields(connection, _process(scene), case.id, fields=scene.intervention.fields)
    withdrawn = await withdraw_reviews(connection, case.id)
    run = await _go_on(scene) if withdrawn and case.error is None else None
    return Change(run=run, withdrawn=withdrawn, fields=fields)


async def _skip(scene: _Scene) -> Change:
    """Leave the present step for another one, unless an effect of it may have happened."""
    connection, case, step = scene.connection, scene.case, scene.intervention.step
    await _shut_out(scene)
    if unsettled := await list_unsettled_effects(connection, case.id):
        raise EffectUnsettled(f"nobody knows whether effect {unsettled[0]} happened: settle it first")
    await skip_to(connection, _process(scene), case.id, step=step)
    withdrawn = await withdraw_reviews(connection, case.id)
    repeats = await list_done_effects(connection, case.id, step=step)
    return Change(run=await _go_on(scene), withdrawn=withdrawn, repeats=repeats)


async def _cancel(scene: _Scene) -> Change:
    """End the case. What its worker still does counts no more; an effect that has left stays on record."""
    connection, case_id = scene.connection, scene.case.id
    await supersede_attempt(connection, case_id)
    cancelled = await cancel_runs(connection, case_id)
    await set_status(connection, case_id, status="cancelled")
    return Change(
        run="cancelled" if cancelled else None,
        withdrawn=await withdraw_reviews(connection, case_id),
        unsettled=await list_unsettled_effects(connection, case_id),
    )


async def _suspend(scene: _Scene) -> Change:
    await suspend_case(scene.connection, scene.case.id)
    return Change(run=await _kept(scene))


async def _resume(scene: _Scene) -> Change:
    await resume_case(scene.connection, scene.case.id)
    return Change(run=await _kept(scene))


_ACTS: dict[Action, Callable[[_Scene], Awaitable[Change]]] = {
    "retry": _retry,
    "edit": _edit,
    "skip": _skip,
    "cancel": _cancel,
    "suspend": _suspend,
    "resume": _resume,
}
_RESOLVES: frozenset[Action] = frozenset({"retry", "skip", "cancel"})


def _process(scene: _Scene) -> Process:
    """Return the case's process, in the version that the case goes on under."""
    case = scene.case
    if not scene.registry.has(case.process, version=case.version):
        raise IllegalTransition(
            f"case {case.id} goes on under version {case.version} of {case.process}, which this host has not"
        )
    return scene.registry.get(case.process)


async def _shut_out(scene: _Scene) -> None:
    """Make sure that nobody but us writes the state.

    Raises:
        IllegalTransition: a worker is at it; a suspended case still has one until its present step ends.
    """
    if await has_active_run(scene.connection, scene.case.id, claimed=True):
        raise IllegalTransition(f"a step of case {scene.case.id} is still under way: try again when it ended")
    await supersede_attempt(scene.connection, scene.case.id)


async def _go_on(scene: _Scene) -> Literal["enqueued", "kept"]:
    connection, case_id = scene.connection, scene.case.id
    await set_status(connection, case_id, status="running")
    if await has_active_run(connection, case_id):
        await admit_cases(connection, [case_id])
        return "kept"
    await enqueue_run(connection, case_id, kind="retry")
    return "enqueued"


async def _kept(scene: _Scene) -> Literal["kept"] | None:
    return "kept" if await has_active_run(scene.connection, scene.case.id) else None


async def _resolve(
    connection: Connection, case: Case, *, intervention: Intervention, actor: str
) -> UUID | None:
    if intervention.action not in _RESOLVES:
        return None
    return await resolve_incident(
        connection, case.id, actor=actor, how=intervention.action, reason=intervention.reason
    )


_PAST: dict[Action, str] = {
    "retry": "case_retried",
    "edit": "case_edited",
    "skip": "case_skipped",
    "cancel": "case_cancelled",
    "suspend": "case_suspended",
    "resume": "case_resumed",
}


async def _record(
    connection: Connection,
    after: Case,
    *,
    before: Case,
    intervention: Intervention,
    actor: str,
    change: Change,
) -> None:
    detail: dict[str, Any] = {"fields": change.fields, "step": intervention.step}
    await append_entry(
        connection,
        actor,
        action=_PAST[intervention.action],
        object_=f"case/{before.id}",
        case_id=before.id,
        reason=intervention.reason,
        before=before.status,
        after=after.status,
        withdrawn=[str(id_) for id_ in change.withdrawn],
        **{name: value for name, value in detail.items() if value},
    )
